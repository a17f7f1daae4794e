"""Small vectors, quaternions and placements: tuples in, tuples out.

Right-handed, y up, lengths in metres, angles in degrees. Quaternions are (x, y, z, w), as glTF writes them.
"""

import math


def add(a, b):
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def sub(a, b):
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def mul(a, s):
    return (a[0] * s, a[1] * s, a[2] * s)


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def length(a):
    return math.sqrt(dot(a, a))


def normalize(a, fallback=(0.0, 1.0, 0.0)):
    """`a` at unit length; `fallback` when `a` is too short to have a direction."""
    size = length(a)
    return fallback if size < 1e-12 else (a[0] / size, a[1] / size, a[2] / size)


def mix(a, b, t):
    """Linear interpolation of tuples of any length."""
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def smoothstep(lo, hi, x):
    t = min(1.0, max(0.0, (x - lo) / (hi - lo)))
    return t * t * (3.0 - 2.0 * t)


IDENTITY = (0.0, 0.0, 0.0, 1.0)


def axis_angle(axis, degrees):
    half = math.radians(degrees) / 2
    x, y, z = mul(normalize(axis), math.sin(half))
    return (x, y, z, math.cos(half))


def quat_mul(a, b):
    """The rotation `b`, then `a`."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz)


def turn(x=0.0, y=0.0, z=0.0):
    """Rotation by `z`, then `x`, then `y` degrees about the fixed axes."""
    return quat_mul(axis_angle((0, 1, 0), y), quat_mul(axis_angle((1, 0, 0), x), axis_angle((0, 0, 1), z)))


def rotate(q, v):
    u = (q[0], q[1], q[2])
    t = mul(cross(u, v), 2.0)
    return add(add(v, mul(t, q[3])), cross(u, t))


def basis_quat(x, y, z):
    """The rotation whose columns are the orthonormal, right-handed axes `x`, `y`, `z`."""
    m00, m10, m20 = x
    m01, m11, m21 = y
    m02, m12, m22 = z
    trace = m00 + m11 + m22
    if trace > 0:
        s = math.sqrt(trace + 1) * 2
        q = ((m21 - m12) / s, (m02 - m20) / s, (m10 - m01) / s, s / 4)
    elif m00 > m11 and m00 > m22:
        s = math.sqrt(1 + m00 - m11 - m22) * 2
        q = (s / 4, (m01 + m10) / s, (m02 + m20) / s, (m21 - m12) / s)
    elif m11 > m22:
        s = math.sqrt(1 + m11 - m00 - m22) * 2
        q = ((m01 + m10) / s, s / 4, (m12 + m21) / s, (m02 - m20) / s)
    else:
        s = math.sqrt(1 + m22 - m00 - m11) * 2
        q = ((m02 + m20) / s, (m12 + m21) / s, s / 4, (m10 - m01) / s)
    size = math.sqrt(sum(c * c for c in q))
    return tuple(c / size for c in q)


def look_at(eye, target, up=(0.0, 1.0, 0.0)):
    """The rotation of a camera or light at `eye`: its -z axis points at `target`."""
    z = normalize(sub(eye, target))
    x = normalize(cross(up, z), (1.0, 0.0, 0.0))
    return basis_quat(x, cross(z, x), z)


def rgb(text):
    """Linear red, green and blue of an sRGB colour written as '#rrggbb'."""
    return tuple(to_linear(int(text[i:i + 2], 16) / 255) for i in (1, 3, 5))


def to_linear(c):
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
