"""The hero of the interior: a round vinyl toy with a sprout on its head. It hops, looks around, blinks and waves.

Its body is skinned (spine, arms, feet, sprout) and has two morph targets: 'squash' (below zero: stretch) and 'blink'.
"""

import math

from shapes import bezier, lathe, leaf, sphere, tube
from textures import blend, hex_color, picture, png
from vectors import add, mix, mul, normalize, rgb, smoothstep, turn

HEIGHT, GIRTH = 0.26, 0.108
FPS, SECONDS = 24, 3.0

# Joints: name, parent, rest place in the toy's own space (it stands on y = 0 and faces +z).
JOINTS = [('toy', None, (0, 0, 0)), ('hips', 0, (0, 0.04, 0)), ('chest', 1, (0, 0.11, 0)), ('head', 2, (0, 0.165, 0)),
          ('sprout', 3, (0, 0.255, 0)), ('sprout middle', 4, (0, 0.285, 0.002)), ('sprout tip', 5, (0, 0.315, 0.006)),
          ('leaf left', 6, (0.0, 0.322, 0.006)), ('leaf right', 6, (0.0, 0.322, 0.006)),
          ('arm left', 2, (0.088, 0.128, 0.012)), ('arm right', 2, (-0.088, 0.128, 0.012)),
          ('foot left', 0, (0.045, 0.02, 0.01)), ('foot right', 0, (-0.045, 0.02, 0.01))]
INDEX = {name: i for i, (name, _, _) in enumerate(JOINTS)}


def girth(y):
    """The body's radius at height `y`."""
    c = 1 - 2 * min(1.0, max(0.0, (y - 0.008) / (HEIGHT - 0.008)))
    return GIRTH * max(0.0, 1 - c * c) ** 0.44 * (1 + 0.20 * c)


def on_body(azimuth, y, lift=0.0):
    """A point on the front of the body and the direction out of it; `azimuth` in degrees, to the toy's left."""
    a = math.radians(azimuth)
    slope = (girth(y + 0.002) - girth(y - 0.002)) / 0.004
    outward = normalize((math.sin(a), -slope, math.cos(a)))
    r = girth(y)
    return add((r * math.sin(a), y, r * math.cos(a)), mul(outward, lift)), outward


def skin_texture():
    """Coral with a cream belly and a few freckles on the back."""
    coral, cream, dark = hex_color('#f2683c'), hex_color('#ffe9cf'), hex_color('#d24e28')

    def pixel(u, v):
        x, y = (u - 0.75) * 2 * math.pi * GIRTH, (1 - v) * 0.40
        belly = math.hypot(x / 0.062, (y - 0.165) / 0.072)
        color = blend(cream, coral, smoothstep(0.92, 1.04, belly))
        for k in range(7):
            spot = math.hypot((u - 0.14 - 0.055 * k) * 0.68, y - 0.25 + 0.045 * (k % 3))
            color = blend(dark, color, smoothstep(0.010, 0.013, spot))
        return color

    return picture(256, 128, pixel)


def squashed(p):
    """The pose of morph target 'squash': lower and wider, fullest near the ground."""
    x, y, z = p
    widen = 1 + 0.28 * math.sin(math.pi * min(1.0, max(0.0, y / HEIGHT)) ** 0.8) if y < HEIGHT else 1.0
    return (x * widen, y * 0.74 if y < HEIGHT else y - 0.26 * HEIGHT, z * widen)


def by_height(p):
    """Weights of the body's joints: hips below, head above."""
    y = p[1]
    chest, head = smoothstep(0.03, 0.12, y), smoothstep(0.10, 0.19, y)
    return [(INDEX['hips'], 1 - chest), (INDEX['chest'], chest * (1 - head)), (INDEX['head'], chest * head)]


def along_sprout(p):
    middle, tip = smoothstep(0.27, 0.295, p[1]), smoothstep(0.295, 0.318, p[1])
    return [(INDEX['sprout'], 1 - middle), (INDEX['sprout middle'], middle * (1 - tip)), (INDEX['sprout tip'], middle * tip)]


def rigid(name):
    return lambda p: [(INDEX[name], 1.0)]


def oval(center, outward, size):
    """A flattened ball of half axes `size` = (across, up, out), set into the body at `center`."""
    side = normalize((outward[2], 0, -outward[0]))
    up = (outward[1] * side[2] - outward[2] * side[1], outward[2] * side[0] - outward[0] * side[2],
          outward[0] * side[1] - outward[1] * side[0])
    ball = sphere(1.0, 24, 14)
    ball.positions = [add(center, add(mul(side, p[0] * size[0]), add(mul(up, p[1] * size[1]), mul(outward, p[2] * size[2]))))
                      for p in ball.positions]
    return ball.smoothed()


def parts():
    """[(mesh, material key, weights, height about which the part blinks)] of the whole toy."""
    rings = [(girth(0.008 + (HEIGHT - 0.008) * (1 - math.cos(math.pi * k / 32)) / 2),
              0.008 + (HEIGHT - 0.008) * (1 - math.cos(math.pi * k / 32)) / 2) for k in range(33)]
    result = [(lathe(rings, 48), 'skin', by_height, None)]
    for name, sign in (('left', 1), ('right', -1)):
        foot = sphere(1.0, 24, 14).placed((0.046 * sign, 0.019, 0.035), turn(y=14 * sign), (0.033, 0.020, 0.048))
        result.append((foot, 'limb', rigid('foot ' + name), None))
        arm = tube(bezier([(0.080 * sign, 0.130, 0.010), (0.112 * sign, 0.125, 0.014), (0.126 * sign, 0.105, 0.020),
                           (0.130 * sign, 0.083, 0.028)], 8), [0.016 + 0.0006 * k for k in range(9)], 16)
        result.append((arm, 'limb', rigid('arm ' + name), None))
        center, outward = on_body(24 * sign, 0.172, -0.002)
        result.append((oval(center, outward, (0.0165, 0.0215, 0.0085)), 'eye', rigid('head'), center[1]))
        glint, outward = on_body(24 * sign + 3.0, 0.180, 0.0058)
        result.append((oval(glint, outward, (0.0045, 0.0050, 0.0022)), 'glint', rigid('head'), center[1]))
        cheek, outward = on_body(43 * sign, 0.146, -0.0018)
        result.append((oval(cheek, outward, (0.0135, 0.0088, 0.0030)), 'cheek', rigid('head'), None))
        blade = leaf(0.095, 0.056, 0.55, 0.30, 8, 14).placed((0, 0.318, 0.006), turn(x=-30, y=78 * sign + 12))
        result.append((blade, 'leaf', rigid('leaf ' + name), None))
    smile = [on_body(-9 + 18 * k / 10, 0.1475 - 0.0085 * (1 - ((k - 5) / 5) ** 2), 0.0006)[0] for k in range(11)]
    result.append((tube(smile, 0.0022, 10), 'eye', rigid('head'), None))
    stem = tube([(0, 0.25 + 0.009 * k, 0.006 * (k / 8) ** 2) for k in range(9)], [0.0062 - 0.0003 * k for k in range(9)], 12)
    result.append((stem, 'leaf', along_sprout, None))
    return result


# Motion

def track(keys):
    """A curve through (time, value), at rest in every key."""
    def value(t):
        if t <= keys[0][0]:
            return keys[0][1]
        for (t0, a), (t1, b) in zip(keys, keys[1:]):
            if t <= t1:
                w = smoothstep(t0, t1, t)
                return mix(a, b, w) if isinstance(a, tuple) else a + (b - a) * w
        return keys[-1][1]
    return value


HOPS = [(0.29, 0.66, 0.15), (0.96, 1.36, 0.17)]   # start, end, height
SQUASH = track([(0, 0.0), (0.22, 0.62), (0.34, -0.42), (0.50, -0.10), (0.63, -0.30), (0.72, 0.72), (0.86, -0.06), (0.93, 0.62), (1.01, -0.45),
                (1.18, -0.10), (1.33, -0.30), (1.43, 0.78), (1.58, -0.20), (1.72, 0.10), (1.88, 0.0), (2.30, 0.05), (2.6, -0.06), (3.0, 0.0)])
HEADING = track([(0, 62.0), (0.29, 62.0), (0.66, 50.0), (0.96, 50.0), (1.36, 20.0), (1.7, 20.0), (2.1, 14.0), (3.0, 14.0)])
LOOK = track([(0, 0.0), (0.7, 0.0), (1.55, 0.0), (1.78, -34.0), (2.02, -34.0), (2.30, 18.0), (3.0, 16.0)])
NOD = track([(0, 4.0), (0.22, 12.0), (0.4, -10.0), (0.72, 10.0), (1.0, -10.0), (1.43, 12.0), (1.6, 0.0), (1.9, -8.0), (2.3, -9.0), (3.0, -9.0)])
TILT = track([(0, 0.0), (2.05, 0.0), (2.4, -9.0), (2.7, 5.0), (3.0, -6.0)])
BLINK = track([(0, 0.0), (0.12, 0.0), (0.18, 1.0), (0.26, 0.0), (1.36, 0.0), (1.42, 0.85), (1.54, 0.0), (2.08, 0.0), (2.15, 1.0), (2.24, 0.0), (3.0, 0.0)])
WAVE = track([(0, 0.0), (2.05, 0.0), (2.30, 1.0), (3.0, 1.0)])


def place(t, stops):
    """Where the toy stands at `t`: between three stops, in two hops."""
    for k, (start, end, height) in enumerate(HOPS):
        if t < start:
            return stops[k]
        if t < end:
            w = (t - start) / (end - start)
            x, y, z = mix(stops[k], stops[k + 1], w)
            return (x, y + 4 * height * w * (1 - w), z)
    return stops[-1]


def sway(stops):
    """The sprout's lean at every frame, in degrees: a spring that the body's motion drives."""
    lean, speed, result, step = [0.0, 0.0], [0.0, 0.0], [], 1 / 240
    for i in range(int(SECONDS * 240) + 1):
        if i % 10 == 0:
            result.append(tuple(lean))
        t = i * step
        p, q, r = (place(max(0.0, t + d), stops) for d in (-0.03, 0.0, 0.03))
        forward = [(r[k] - 2 * q[k] + p[k]) / 0.0009 for k in (0, 1)]
        pushes = (-forward[0] * 26 - 420 * (SQUASH(t + 0.02) - SQUASH(t - 0.02)), forward[1] * 22)
        for k in (0, 1):
            speed[k] += (pushes[k] - 300 * lean[k] - 7.5 * speed[k]) * step
            lean[k] = max(-55.0, min(55.0, lean[k] + speed[k] * step))
    return result


def add_toy(scene, stops):
    """Adds the toy, hopping over the three `stops`."""
    body = scene.texture_info(scene.add_texture('toy skin', png(skin_texture())))
    materials = {
        'skin': scene.add_material('toy skin', roughness=0.32, base=body),
        'limb': scene.add_material('toy limbs', rgb('#e85a30'), roughness=0.32),
        'eye': scene.add_material('toy eyes', rgb('#17110f'), roughness=0.12),
        'glint': scene.add_material('toy glint', rgb('#ffffff'), roughness=0.4),
        'cheek': scene.add_material('toy cheeks', rgb('#ff9d86'), roughness=0.45),
        'leaf': scene.add_material('toy sprout', rgb('#6fae3f'), roughness=0.42, double=True),
    }
    # One primitive per material and skin rule: parts that differ in neither would only add accessors.
    primitives = []
    for mesh, material, weights, eye in parts():
        mesh.bind(weights)
        mesh.add_target('squash', squashed)
        mesh.add_target('blink', lambda p, eye=eye: p if eye is None else (p[0], eye - 0.004 + (p[1] - eye) * 0.10, p[2]))
        primitives.append((mesh, materials[material]))
    mesh = scene.add_mesh('toy', primitives, weights=[0.0, 0.0])

    joints = []
    for name, parent, rest in JOINTS:
        at = rest if parent is None else tuple(a - b for a, b in zip(rest, JOINTS[parent][2]))
        joints.append(scene.add_node(name, at=stops[0] if parent is None else at, turned=turn(y=HEADING(0)) if parent is None else None,
                                     parent=None if parent is None else joints[parent]))
    skin = scene.add_skin('toy', joints, [rest for _, _, rest in JOINTS], joints[0])
    node = scene.add_node('toy body', mesh, skin=skin)

    count = int(SECONDS * FPS)
    times = [k / FPS for k in range(count + 1)]
    leans = sway(stops)
    scene.animate(joints[0], 'translation', times, [place(t, stops) for t in times])
    scene.animate(node, 'weights', times, [(SQUASH(t), BLINK(t)) for t in times])
    flap = track([(0, 0.0), (0.22, -10.0), (0.45, 62.0), (0.72, -12.0), (0.93, -12.0), (1.15, 70.0), (1.43, -14.0), (1.7, 0.0), (3.0, 0.0)])

    def turns(name, function):
        scene.animate(joints[INDEX[name]], 'rotation', times, [function(k, t) for k, t in enumerate(times)])

    turns('toy', lambda k, t: turn(y=HEADING(t)))
    turns('hips', lambda k, t: turn(x=NOD(t) * 0.35, z=TILT(t) * 0.3))
    turns('chest', lambda k, t: turn(x=NOD(t) * 0.5, y=LOOK(t) * 0.3, z=TILT(t) * 0.5))
    turns('head', lambda k, t: turn(x=NOD(t) * 0.5, y=LOOK(t) * 0.7, z=TILT(t)))
    for name, share in (('sprout', 0.35), ('sprout middle', 0.5), ('sprout tip', 0.5)):
        turns(name, lambda k, t, s=share: turn(x=leans[k][0] * s, z=leans[k][0] * 0.3 * s))
    turns('leaf left', lambda k, t: turn(z=-leans[k][1] * 0.7 - 4 * math.sin(3.1 * t)))
    turns('leaf right', lambda k, t: turn(z=leans[k][1] * 0.7 + 4 * math.sin(2.7 * t + 1)))
    turns('arm left', lambda k, t: turn(z=flap(t) + WAVE(t) * (122 + 20 * math.sin(2 * math.pi * 2.4 * (t - 2.3)))))
    turns('arm right', lambda k, t: turn(z=-flap(t)))
    swing = track([(0, 0.0), (0.29, 0.0), (0.42, 26.0), (0.62, -14.0), (0.68, 0.0), (0.96, 0.0), (1.10, 28.0), (1.31, -14.0), (1.38, 0.0)])
    for name in ('foot left', 'foot right'):
        turns(name, lambda k, t: turn(x=swing(t)))
    return node
