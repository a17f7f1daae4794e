"""interior.glb: a living room on a late afternoon, three seconds at 24 frames a second, and a toy that comes alive.

Room: x −2.4 (windows) … 2.6, z −2.2 (back wall) … 3.6 (open, behind the camera), y 0 … 2.7.
"""

import math

import interior_furniture as furniture
from gltf import Gltf
from interior_toy import FPS, SECONDS, add_toy
from mesh import merged
from shapes import box, quad, tube
from textures import Noise, blend, fractal, hex_color, normal_map, picture, planks, png, ramp, wood
from vectors import add, look_at, rgb, smoothstep, turn

LEFT, RIGHT, BACK, FRONT, TOP = -2.4, 2.6, -2.2, 3.6, 2.7
# Windows in the left wall: (z from, z to, y from, y to). The sun comes in by the second, which the camera never sees.
WINDOW = (-1.72, 0.02, 0.82, 2.30)
SUN_WINDOW = (0.75, 2.75, 0.25, 2.45)
TABLE = (0.10, 0.0, 0.05)
TABLE_HEIGHT = 0.40


def sky_picture():
    """What the window shows: a hazy sky over far trees, out of focus."""
    stops = [(0.0, hex_color('#bcd9f2')), (0.55, hex_color('#f2eee0')), (0.8, hex_color('#ffe9c4')), (1.0, hex_color('#ffdca8'))]
    cloud, tree = fractal(40, 4, 6, 3), fractal(41, 7, 5, 2)

    def pixel(u, v):
        sky = blend(ramp(stops, v), (1.0, 1.0, 1.0), 0.7 * smoothstep(0.5, 0.8, cloud(u, v)))
        green = blend(hex_color('#a9bf86'), hex_color('#dfe0a8'), tree(u * 2, v * 2))
        return blend(sky, green, 0.9 * smoothstep(0.66, 0.86, v + 0.28 * (tree(u, 0.3) - 0.5)))

    return picture(96, 96, pixel)


def rug_picture(size=256):
    """A woven rug: diamonds in warm colours on cream, with a border."""
    cream, rust, ochre, teal = (hex_color(t) for t in ('#eadfca', '#b4573a', '#d9a24a', '#3f6b6d'))
    speck = Noise(9, 128, 128)

    def pixel(u, v):
        x, y = abs(u - 0.5) * 2, abs(v - 0.5) * 2
        edge = max(x * 1.0, y)
        color = cream
        if edge > 0.90:
            color = teal if edge < 0.96 else cream
        elif edge < 0.84:
            a, b = (u * 8 + v * 5.5) % 1, (u * 8 - v * 5.5) % 1
            inner = max(abs(a - 0.5), abs(b - 0.5))
            color = rust if inner < 0.16 else cream if inner < 0.27 else ochre if inner < 0.33 else cream if inner < 0.47 else teal
        shade = 0.90 + 0.10 * round(speck(u, v) * 3) / 3
        return tuple(c * shade for c in color)

    return picture(size, size, pixel)


def weave(size=64, threads=8):
    """Normals of a plain weave."""
    def height(x, y):
        u, v = x * threads / size, y * threads / size
        over = (int(u) + int(v)) % 2
        a, b = math.sin(math.pi * (u % 1)), math.sin(math.pi * (v % 1))
        return 3.0 * (a * (0.6 + 0.4 * b) if over else b * (0.6 + 0.4 * a))
    return normal_map([[height(x + 0.5, y + 0.5) for x in range(size)] for y in range(size)], 0.30)


def stripes():
    base, line, thin = hex_color('#ecdfc6'), hex_color('#c65f3c'), hex_color('#3f6b6d')

    def pixel(u, v):
        t = (u * 6) % 1
        return line if 0.30 < t < 0.56 else thin if 0.68 < t < 0.76 else base

    return picture(192, 8, pixel)


def leaf_picture():
    """A leaf seen from above: v runs from its tip (0) to its stalk (1)."""
    deep, light, rib = hex_color('#2f6b37'), hex_color('#5f9f4a'), hex_color('#a9cf83')

    def pixel(u, v):
        x = abs(u - 0.5)
        vein = abs(((v + x * 0.9) * 7) % 1 - 0.5)
        color = blend(light, deep, min(1.0, 0.35 + 1.2 * x))
        color = blend(color, rib, 0.35 * smoothstep(0.43, 0.5, vein))
        return blend(rib, color, smoothstep(0.012, 0.035, x))

    return picture(96, 128, pixel)


def art(kind, width=120, height=150):
    """Three quiet abstracts: sun over hills, arches, leaves of colour."""
    tones = {k: hex_color(t) for k, t in dict(paper='#f1e6d2', sun='#e4683e', sand='#e2b36b', hill='#2f5d62', far='#86a59c', rose='#d99a83', ink='#2d2f3a').items()}

    def hills(u, v):
        color = tones['paper']
        if math.hypot((u - 0.60) * 0.8, v - 0.36) < 0.17:
            color = tones['sun']
        for key, base, rise, phase in (('far', 0.52, 0.07, 0.4), ('sand', 0.64, 0.06, 2.2), ('hill', 0.78, 0.07, 4.0)):
            if v > base + rise * math.sin(5.0 * u + phase):
                color = tones[key]
        return color

    def arches(u, v):
        color = tones['rose'] if v < 0.86 else tones['sand']
        for key, r in (('paper', 0.40), ('sun', 0.33), ('sand', 0.255), ('paper', 0.185), ('hill', 0.11)):
            inside = math.hypot((u - 0.5) * 0.8, v - 0.46) < r * 0.8 if v < 0.46 else abs(u - 0.5) < r
            if inside and v < 0.86:
                color = tones[key]
        return color

    def shapes(u, v):
        color = tones['paper']
        for key, x, y, r in (('far', 0.36, 0.30, 0.24), ('ink', 0.62, 0.52, 0.13), ('sand', 0.40, 0.70, 0.20), ('sun', 0.70, 0.22, 0.10)):
            if math.hypot((u - x) * 0.8, v - y) < r:
                color = tones[key]
        return color

    return picture(width, height, {'hills': hills, 'arches': arches, 'shapes': shapes}[kind])


def wall_with_openings(openings):
    """The left wall as quads around its windows, facing +x."""
    zs = sorted({BACK, FRONT, *(z for o in openings for z in o[:2])})
    ys = sorted({0.0, TOP, *(y for o in openings for y in o[2:])})
    pieces = []
    for z0, z1 in zip(zs, zs[1:]):
        for y0, y1 in zip(ys, ys[1:]):
            z, y = (z0 + z1) / 2, (y0 + y1) / 2
            if not any(o[0] < z < o[1] and o[2] < y < o[3] for o in openings):
                pieces.append(quad((LEFT, y, z), (0, 0, -(z1 - z0) / 2), (0, (y1 - y0) / 2, 0)))
    return merged(*pieces)


def window_frame(opening, columns, rows):
    """Reveal, casement and glazing bars of a window in the left wall."""
    z0, z1, y0, y1 = opening
    z, y, w, h = (z0 + z1) / 2, (y0 + y1) / 2, z1 - z0, y1 - y0
    deep, bar = 0.16, 0.05
    x = LEFT - deep / 2
    parts = [box((deep, 0.03, w + 0.06), 0.004, 1, (x, s, z)) for s in (y0 - 0.013, y1 + 0.013)]
    parts += [box((deep, h, 0.03), 0.004, 1, (x, y, s)) for s in (z0 - 0.013, z1 + 0.013)]
    parts += [box((0.045, bar if k in (0, rows) else 0.026, w), 0.006, 2, (LEFT - 0.08, y0 + h * k / rows, z)) for k in range(rows + 1)]
    parts += [box((0.045, h, bar if k in (0, columns) else 0.026), 0.006, 2, (LEFT - 0.08, y, z0 + w * k / columns)) for k in range(columns + 1)]
    parts.append(box((0.20, 0.032, w + 0.16), 0.01, 3, (LEFT + 0.05, y0 - 0.016, z)))
    return merged(*parts)


def shell(kit, floor):
    """Floor, walls, ceiling, windows and the light that comes through them."""
    scene = kit.scene
    depth = FRONT - BACK
    middle = (LEFT + RIGHT) / 2, (BACK + FRONT) / 2
    boards = quad((middle[0], 0, middle[1]), ((RIGHT - LEFT) / 2, 0, 0), (0, 0, -depth / 2)).mapped(((RIGHT - LEFT) / 1.3, depth / 1.3))
    kit.put('floor', [(boards, floor)])
    warm, accent = kit.plain('#f0e8da', 0.92), kit.plain('#e6d0b8', 0.92)
    walls = merged(wall_with_openings([WINDOW, SUN_WINDOW]), quad((RIGHT, TOP / 2, middle[1]), (0, 0, depth / 2), (0, TOP / 2, 0)),
                   quad((middle[0], TOP, middle[1]), ((RIGHT - LEFT) / 2, 0, 0), (0, 0, depth / 2)))
    kit.put('walls', [(walls, warm), (quad((middle[0], TOP / 2, BACK), ((RIGHT - LEFT) / 2, 0, 0), (0, TOP / 2, 0)), accent)])
    white = kit.plain('#f4f0e8', 0.4)
    skirting = merged(box((RIGHT - LEFT, 0.10, 0.018), 0.006, 2, (middle[0], 0.05, BACK + 0.009)), box((0.018, 0.10, depth), 0.006, 2, (LEFT + 0.009, 0.05, middle[1])),
                      box((0.018, 0.10, depth), 0.006, 2, (RIGHT - 0.009, 0.05, middle[1])))
    kit.put('joinery', [(merged(skirting, window_frame(WINDOW, 2, 2), window_frame(SUN_WINDOW, 3, 3)), white)])

    sky = scene.texture_info(scene.add_texture('sky', png(sky_picture()), wrap=33071))
    pane = scene.add_material('sky', (0, 0, 0), roughness=1.0, emissive=(1, 1, 1), strength=7.5, glow=sky)
    z0, z1, y0, y1 = WINDOW
    panel = quad((LEFT - 0.152, (y0 + y1) / 2, (z0 + z1) / 2), (0, 0, -(z1 - z0) / 2), (0, (y1 - y0) / 2, 0))
    kit.put('sky panel', [(panel, pane)])
    fill = scene.add_material('bounce', (0, 0, 0), roughness=1.0, emissive=(1.0, 0.98, 0.96), strength=1.7)
    kit.put('bounce panel', [(quad((middle[0], TOP / 2, FRONT), (-(RIGHT - LEFT) / 2, 0, 0), (0, TOP / 2, 0)), fill)])
    scene.add_directional('sun', (0.80, -0.46, -0.52), (1.0, 0.82, 0.60), 5.5)


def camera(scene):
    """A slow arc to the toy, at rest at both ends: cubic splines through three places."""
    times = (0.0, SECONDS / 2, SECONDS)
    eyes = [(1.12, 1.02, 2.16), (0.80, 0.94, 1.86), (0.44, 0.86, 1.62)]
    targets = [(-0.02, 0.655, -0.25), (0.04, 0.645, -0.25), (0.10, 0.635, -0.25)]
    node = scene.add_camera('Camera', eyes[0], targets[0], 38.0)
    turns = [look_at(e, t) for e, t in zip(eyes, targets)]
    zero3, zero4 = (0.0,) * 3, (0.0,) * 4
    through = lambda items: tuple((b - a) / SECONDS for a, b in zip(items[0], items[2]))
    for path, items, zero in (('translation', eyes, zero3), ('rotation', turns, zero4)):
        # Half as fast again as the mean while passing the middle: that is what easing in and out leaves.
        middle = tuple(1.5 * c for c in through(items))
        values = [zero, items[0], zero, middle, items[1], middle, zero, items[2], zero]
        scene.animate(node, path, times, values, 'CUBICSPLINE')


def materials(scene):
    info, texture = scene.texture_info, lambda name, rows, **extra: scene.add_texture(name, png(rows), **extra)
    colors, heights = planks(448, 77, 8, ['#c08a55', '#b57f4c', '#c79562', '#a97444'])
    threads = texture('weave', weave())
    oak = texture('oak', wood(384, 192, 50, '#d3a16a', '#a26f3e', 4.0))
    cloth = lambda name, color, scale, **more: scene.add_material(name, rgb(color), roughness=0.9, normal=info(threads, scale=[scale, scale]), **more)
    return {
        'floor': scene.add_material('oak floor', roughness=0.38, base=info(texture('planks', colors)), normal=info(texture('planks normal', normal_map(heights, 1.1)))),
        'oak': scene.add_material('oak', roughness=0.36, base=info(oak)),
        'walnut': scene.add_material('walnut', rgb('#a87b5c'), roughness=0.38, base=info(oak, scale=[0.8, 1.6])),
        'sofa': cloth('petrol cloth', '#2f6468', 14.0),
        'mustard': cloth('mustard cloth', '#d99a32', 5.0),
        'cream': cloth('cream cloth', '#efe4cf', 5.0),
        'striped': cloth('striped cloth', '#ffffff', 5.0, base=info(texture('stripes', stripes()), scale=[1.0, 1.0])),
        'rug': scene.add_material('rug', roughness=0.95, base=info(texture('rug', rug_picture())), normal=info(threads, scale=[26, 18])),
        'curtain': scene.add_material('curtain', rgb('#f1e2c8'), roughness=0.95, double=True),
        'leaf': scene.add_material('leaf', roughness=0.42, base=info(texture('leaf', leaf_picture(), wrap=33071)), double=True),
        **{kind: scene.add_material(f'print {kind}', roughness=0.7, base=info(texture(f'print {kind}', art(kind), wrap=33071))) for kind in ('hills', 'arches', 'shapes')},
    }


def build(folder):
    scene = Gltf('interior')
    kit = furniture.Kit(scene)
    made = materials(scene)
    shell(kit, made['floor'])

    rug = box((2.70, 0.018, 1.90), 0.008, 2)
    rug.uvs = [(x / 2.70 + 0.5, z / 1.90 + 0.5) for x, _, z in rug.positions]
    kit.put('rug', [(rug, made['rug'])], (0.10, 0.009, 0.15))

    seat = (0.02, 0.0, -1.62)
    furniture.sofa(kit, seat, made['sofa'])
    furniture.cushions(kit, seat, [(-0.66, -0.02, 0.44, -20, 14, 3, made['mustard']), (-0.34, 0.08, 0.36, -22, 6, -6, made['cream']),
                                   (0.62, 0.0, 0.44, -20, -12, -4, made['striped'])])
    furniture.coffee_table(kit, TABLE, made['oak'], kit.plain('#8a5a33', 0.4), height=TABLE_HEIGHT)
    furniture.sideboard(kit, (1.86, 0, -1.93), made['walnut'])
    furniture.shelf_of_books(kit, (1.42, 0.70, -1.88), 0.40, 17)
    furniture.vase(kit, (2.14, 0.70, -1.92))
    furniture.succulent(kit, (1.92, 0.70, -1.82), '#c9684a', 1.2)
    furniture.floor_lamp(kit, (1.33, 0, -1.55))
    furniture.potted_plant(kit, (-1.62, 0, -1.55), made['leaf'], 1.0)
    furniture.pendant(kit, (-0.15, 2.16, -0.9))

    for kind, x, y, size, frame in (('hills', -0.48, 1.52, (0.44, 0.56), '#2d2a28'), ('arches', 0.10, 1.58, (0.40, 0.50), '#9a6a3e'),
                                    ('shapes', 0.64, 1.49, (0.36, 0.46), '#2d2a28')):
        furniture.picture(kit, f'picture of {kind}', (x, y, BACK + 0.001), size, made[kind], frame)
    hand = furniture.clock(kit, (-0.98, 1.36, BACK + 0.002))
    # A quartz movement: a step each second.
    seconds = [float(k) for k in range(int(SECONDS) + 1)]
    scene.animate(hand, 'rotation', seconds, [turn(z=-6.0 * (k + 21)) for k in range(len(seconds))], 'STEP')

    z0, z1, y0, y1 = WINDOW
    rod = tube([(LEFT + 0.11, 2.46, z0 - 0.40), (LEFT + 0.11, 2.46, z1 + 0.55)], 0.012, 12)
    kit.put('curtain rod', [(rod, kit.plain('#d9b25f', 0.25, 1.0))])
    furniture.curtain(kit, (LEFT + 0.11, 2.45, z0 - 0.12), 0.50, 2.40, 5, made['curtain'], 1)
    furniture.curtain(kit, (LEFT + 0.11, 2.45, z1 + 0.22), 0.62, 2.40, 6, made['curtain'], 2)
    furniture.succulent(kit, (LEFT + 0.07, y0, -0.45), '#e9e2d3', 1.5)

    top = (TABLE[0], TABLE_HEIGHT, TABLE[2])
    furniture.stack(kit, add(top, (0.26, 0, 0.06)), [('#2f5d62', 0.21, 0.28, 0.030, 98.0), ('#efe2c8', 0.19, 0.26, 0.022, 86.0), ('#e0a63e', 0.17, 0.24, 0.026, 104.0)])
    furniture.mug(kit, add(top, (0.50, 0, 0.10)), '#7a9e87', turn(y=-25))
    furniture.bowl_of_oranges(kit, add(top, (-0.10, 0, -0.15)))
    stops = [add(top, (-0.40, 0, 0.20)), add(top, (-0.07, 0, 0.20)), add(top, (0.26, 0.0795, 0.06))]
    add_toy(scene, stops)
    camera(scene)
    return scene.write(folder / 'interior.glb')
