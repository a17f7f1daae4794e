"""What Mitsuba has no equivalent of: the surface and the spot light of docs/kernel.md, written from that page."""

import drjit as dr
import mitsuba as mi

DIELECTRIC_F0 = 0.04
SMALLEST_ALPHA = 1e-3


class AlbedoTable:
    """Directional albedo of the GGX lobe for Schlick's two terms, and its mean over even light.

    Made with Mitsuba's own microfacet sampling, much finer than the kernel's.
    """

    columns, rows = 96, 193
    steps = 128

    def __init__(self):
        cell = dr.arange(mi.UInt32, self.columns * self.rows)
        root = mi.Float(cell % self.columns) / (self.columns - 1)
        alpha = dr.maximum(dr.square(mi.Float(cell // self.columns) / (self.rows - 1)), SMALLEST_ALPHA)
        cosine = dr.maximum(dr.square(root), 1e-5)
        wo = mi.Vector3f(dr.sqrt(1 - dr.square(cosine)), 0, cosine)
        facets = mi.MicrofacetDistribution(mi.MicrofacetType.GGX, alpha, True)
        self.scale, self.bias = self.integrate(facets, alpha, wo)
        total = self.scale + self.bias
        # ∫ E·2cos d(cos), with cos = root².
        weight = dr.power(root, 3) * dr.select(cell % self.columns == self.columns - 1, 0.5, 1)
        self.mean = (dr.block_sum(total * weight, self.columns) / dr.block_sum(weight, self.columns))
        dr.eval(self.scale, self.bias, self.mean)

    @dr.syntax
    def integrate(self, facets, alpha, wo):
        scale, bias = dr.zeros(mi.Float, dr.width(alpha)), dr.zeros(mi.Float, dr.width(alpha))
        i = mi.UInt32(0)
        count = self.steps * self.steps
        while i < count:
            # The distribution's tail is sampled from all edges of the square: points are denser there.
            s = (mi.Float(i % self.steps) + 0.5) / self.steps
            t = (mi.Float(i // self.steps) + 0.5) / self.steps
            m, _ = facets.sample(wo, mi.Point2f(s * s * (3 - 2 * s), t * t * (3 - 2 * t)))
            wi = mi.reflect(wo, m)
            weight = dr.select(wi.z > 0, g2(wo.z, dr.maximum(wi.z, 1e-8), alpha) / g1(wo.z, alpha), 0)
            weight *= 36 * s * (1 - s) * t * (1 - t)
            fresnel = schlick_weight(dr.dot(wo, m))
            scale += weight * (1 - fresnel)
            bias += weight * fresnel
            i += 1
        return scale / count, bias / count

    def lookup(self, cosine, roughness, active):
        x = dr.sqrt(dr.clip(cosine, 0, 1)) * (self.columns - 1)
        y = dr.clip(roughness, 0, 1) * (self.rows - 1)
        column = dr.minimum(dr.floor(x), self.columns - 2)
        row = dr.minimum(dr.floor(y), self.rows - 2)
        fx, fy = x - column, y - row
        index = mi.UInt32(row) * self.columns + mi.UInt32(column)

        def blend(table):
            def at(offset):
                return dr.gather(mi.Float, table, index + offset, active)
            top = dr.lerp(at(0), at(1), fx)
            return dr.lerp(top, dr.lerp(at(self.columns), at(self.columns + 1), fx), fy)

        mean = dr.lerp(dr.gather(mi.Float, self.mean, mi.UInt32(row), active),
                       dr.gather(mi.Float, self.mean, mi.UInt32(row) + 1, active), fy)
        return blend(self.scale), blend(self.bias), mean


def smith_lambda(cosine, alpha):
    square = dr.square(cosine)
    return (dr.sqrt(1 + dr.square(alpha) * (1 - square) / square) - 1) / 2


def g1(cosine, alpha):
    return 1 / (1 + smith_lambda(cosine, alpha))


def g2(cos_o, cos_i, alpha):
    """Height-correlated."""
    return 1 / (1 + smith_lambda(cos_o, alpha) + smith_lambda(cos_i, alpha))


def schlick_weight(cosine):
    return dr.power(1 - dr.clip(cosine, 0, 1), 5)


class GlintSurface(mi.BSDF):
    """The surface of docs/kernel.md: `base_color`, and `surface` with roughness in green and metallic in blue."""

    table = None

    def __init__(self, props):
        mi.BSDF.__init__(self, props)
        self.base_color = props.get_texture('base_color')
        self.surface = props.get_texture('surface')
        if GlintSurface.table is None:
            GlintSurface.table = AlbedoTable()
        flags = mi.BSDFFlags.GlossyReflection | mi.BSDFFlags.DiffuseReflection | mi.BSDFFlags.FrontSide
        self.m_components = [flags | mi.BSDFFlags.BackSide]
        self.m_flags = self.m_components[0]

    def viewed(self, si):
        """The geometric normal on the viewer's side, the frame of the bent shading normal, the viewer in it."""
        wo = si.to_world(si.wi)
        facing = dr.mulsign(si.n, dr.dot(si.n, wo))
        normal = dr.mulsign(si.sh_frame.n, dr.dot(si.sh_frame.n, facing))
        cosine = dr.dot(normal, wo)
        normal = dr.select(cosine < 0.01, dr.normalize(normal + wo * (0.01 - cosine)), normal)
        frame = mi.Frame3f(normal)
        return facing, frame, frame.to_local(wo)

    def lobe(self, si, wo, active):
        color = dr.clip(self.base_color.eval(si, active), 0, 1)
        surface = self.surface.eval(si, active)
        roughness, metallic = surface.y, surface.z
        alpha = dr.maximum(dr.square(roughness), SMALLEST_ALPHA)
        scale, bias, mean_albedo = self.table.lookup(wo.z, roughness, active)
        missing = (1 - scale - bias) / (scale + bias)

        def gain(f0):
            mean = f0 + (1 - f0) / 21
            return 1 + missing * mean * mean_albedo / (1 - mean * (1 - mean_albedo))

        coat = gain(mi.Float(DIELECTRIC_F0))
        coat_albedo = coat * (DIELECTRIC_F0 * scale + bias)
        diffuse = color * (1 - metallic) * (1 - coat_albedo)
        metal = gain(color)
        # Facets are chosen by their share of what the viewer sees, as the page has it.
        facets = (1 - metallic) * coat_albedo + metallic * mi.luminance(metal * (color * scale + (1 - color) * bias))
        rest = mi.luminance(diffuse)
        share = dr.select(rest > 0, dr.clip(facets / (facets + rest), 0.1, 1), 1)
        return color, metallic, alpha, metal, coat, diffuse, share

    def value_and_density(self, si, direction, active):
        facing, frame, wo = self.viewed(si)
        world = si.to_world(direction)
        wi = frame.to_local(world)
        active = active & (wo.z > 0) & (wi.z > 0) & (dr.dot(world, facing) > 0)
        color, metallic, alpha, metal, coat, diffuse, share = self.lobe(si, wo, active)
        m = dr.normalize(wo + wi)
        facets = mi.MicrofacetDistribution(mi.MicrofacetType.GGX, alpha, True)
        # D by Mitsuba; the rest by the page.
        lobe = facets.eval(m) * g2(wo.z, wi.z, alpha) / (4 * wo.z)
        weight = schlick_weight(dr.dot(wo, m))
        fresnel = (metallic * metal * (color + (1 - color) * weight)
                   + (1 - metallic) * coat * (DIELECTRIC_F0 + (1 - DIELECTRIC_F0) * weight))
        value = fresnel * lobe + diffuse * (wi.z * dr.inv_pi)
        density = share * facets.pdf(wo, m) / (4 * dr.dot(wo, m)) + (1 - share) * wi.z * dr.inv_pi
        return dr.select(active, value, 0), dr.select(active, density, 0)

    def sample(self, ctx, si, sample1, sample2, active=True):
        _, frame, wo = self.viewed(si)
        _, _, alpha, _, _, _, share = self.lobe(si, wo, active)
        facets = mi.MicrofacetDistribution(mi.MicrofacetType.GGX, alpha, True)
        m, _ = facets.sample(wo, sample2)
        wi = dr.select(sample1 < share, mi.reflect(wo, m), mi.warp.square_to_cosine_hemisphere(sample2))
        direction = si.to_local(frame.to_world(wi))
        value, density = self.value_and_density(si, direction, active)
        bs = dr.zeros(mi.BSDFSample3f)
        bs.wo = direction
        bs.pdf = density
        bs.eta = 1
        bs.sampled_type = +mi.BSDFFlags.GlossyReflection
        bs.sampled_component = 0
        return bs, dr.select(density > 0, value / density, 0)

    def eval(self, ctx, si, wo, active=True):
        return self.value_and_density(si, wo, active)[0]

    def pdf(self, ctx, si, wo, active=True):
        return self.value_and_density(si, wo, active)[1]

    def eval_pdf(self, ctx, si, wo, active=True):
        return self.value_and_density(si, wo, active)

    def traverse(self, callback):
        pass

    def to_string(self):
        return 'GlintSurface[]'


class GlintSpot(mi.Emitter):
    """A spot light of KHR_lights_punctual."""

    def __init__(self, props):
        mi.Emitter.__init__(self, props)
        self.intensity = mi.Color3f(props['intensity'])
        self.position = mi.Point3f(props['position'])
        self.axis = mi.Vector3f(props['direction'])
        self.cos_inner, self.cos_outer = props['cos_inner'], props['cos_outer']
        self.m_flags = mi.EmitterFlags.DeltaPosition

    def sample_direction(self, it, sample, active=True):
        ds = dr.zeros(mi.DirectionSample3f, dr.width(it.p))
        ds.p = self.position
        ds.n = self.axis
        ds.time = it.time
        ds.pdf = 1
        ds.delta = True
        ds.emitter = mi.EmitterPtr(self)
        ds.d = ds.p - it.p
        ds.dist = dr.norm(ds.d)
        ds.d /= ds.dist
        cosine = -dr.dot(ds.d, self.axis)
        fade = dr.clip((cosine - self.cos_outer) / max(1e-3, self.cos_inner - self.cos_outer), 0, 1)
        return ds, self.intensity * dr.square(fade / ds.dist)

    def pdf_direction(self, it, ds, active=True):
        return mi.Float(0)

    def eval_direction(self, it, ds, active=True):
        return mi.Color3f(0)

    def eval(self, si, active=True):
        return mi.Color3f(0)

    def bbox(self):
        return mi.BoundingBox3f()

    def to_string(self):
        return 'GlintSpot[]'


def register():
    mi.register_bsdf('glint_surface', GlintSurface)
    mi.register_emitter('glint_spot', GlintSpot)
