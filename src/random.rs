//! Random numbers that are the same on every machine.
//!
//! One stream a purpose, keyed by (seed, replication, purpose, owner) and by nothing else: neither the outbound
//! type nor a shard nor a thread can shift a draw. Transcendental steps use the `libm` crate, because the
//! platform's own library differs between processors.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::LazyLock;

/// What a stream is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Times of arrivals.
    Arrivals = 1,
    /// Lifetimes.
    Lifetime = 2,
    /// Kinds of end.
    End = 3,
    /// Which instance a flow is hashed to.
    Instance = 4,
    /// Which pod of the node.
    Pod = 5,
    /// Which destination, where one process feeds several.
    Destination = 6,
    /// Sizes of batches, jitter of herds, spread of bursts.
    Shape = 7,
    /// Random hold-downs.
    HoldDown = 8,
    /// The stationary start of a row.
    Start = 9,
    /// Port choice of a row.
    PortChoice = 10,
    /// What an application does after a failed try.
    Retry = 11,
    /// How long a kept-open connection lives.
    ConnectionLife = 12,
    /// Phases of a workload's rate.
    Phases = 13,
    /// When flows send.
    Packets = 14,
    /// The public IP that a port pool begins with.
    FirstIp = 15,
    /// Where the grid of a node's timers lies.
    TimerGrid = 16,
    /// Whether a destination in trouble refuses a flow.
    Trouble = 17,
    /// Trajectories that begin where others were, and which source asks in them.
    Splitting = 18,
}

/// A stream of random numbers: xoshiro256++.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of `owner` for `purpose` in one replication.
    pub fn new(seed: u64, replication: u32, purpose: Purpose, owner: u64) -> Self {
        Self::keyed(seed, &[u64::from(replication), purpose as u64, owner])
    }

    /// The stream of one try of one request of `owner`.
    pub fn of_try(
        seed: u64,
        replication: u32,
        purpose: Purpose,
        owner: u64,
        request: u64,
        tries: u32,
    ) -> Self {
        Self::keyed(seed, &[u64::from(replication), purpose as u64, owner, request, u64::from(tries)])
    }

    #[inline]
    fn keyed(seed: u64, words: &[u64]) -> Self {
        let mut state = seed;
        for word in words {
            state = mix(state.wrapping_add(0x9E37_79B9_7F4A_7C15)) ^ word.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&mix(state).to_le_bytes());
        }
        Self(Xoshiro256PlusPlus::from_seed(bytes))
    }

    /// A stream of its own for one of many, which may draw as often as it likes without shifting the next one's.
    pub fn fork(&mut self) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(self.0.next_u64()))
    }

    /// Uniform in [0, 1), 53 bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as i64) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1]: safe for a logarithm.
    #[inline]
    fn positive_uniform(&mut self) -> f64 {
        1.0 - self.uniform()
    }

    /// Uniform in 0..`bound`; 0 when `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        self.exponential_from(&EXPONENTIAL)
    }

    /// As many draws of [`Self::exponential`] as there is room for.
    pub fn exponentials(&mut self, draws: &mut [f64]) {
        let tables = &*EXPONENTIAL;
        draws.fill_with(|| self.exponential_from(tables));
    }

    #[inline(always)]
    fn exponential_from(&mut self, tables: &Ziggurat) -> f64 {
        let bits = self.0.next_u64();
        let layer = (bits & 0xff) as usize;
        let value = uniform_of_52_bits(bits) * tables.edges[layer];
        if value < tables.edges[layer + 1] { value } else { self.beyond_the_layer(tables, layer, value) }
    }

    /// One draw in 90: `value` lies beside its layer of the ziggurat, or beyond the last.
    #[cold]
    fn beyond_the_layer(&mut self, tables: &Ziggurat, mut layer: usize, mut value: f64) -> f64 {
        loop {
            if layer == 0 {
                return EXPONENTIAL_TAIL - libm::log(self.positive_uniform());
            }
            if self.under_curve(tables, layer, libm::exp(-value)) {
                return value;
            }
            let bits = self.0.next_u64();
            layer = (bits & 0xff) as usize;
            value = uniform_of_52_bits(bits) * tables.edges[layer];
            if value < tables.edges[layer + 1] {
                return value;
            }
        }
    }

    /// Normal with mean 0 and variance 1.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let tables = &*NORMAL;
        loop {
            let bits = self.0.next_u64();
            let layer = (bits & 0xff) as usize;
            let uniform = (bits >> 12) as f64 * (2.0 / (1u64 << 52) as f64) - 1.0;
            let value = uniform * tables.edges[layer];
            if value.abs() < tables.edges[layer + 1] {
                return value;
            }
            if layer == 0 {
                return self.normal_tail(uniform);
            }
            if self.under_curve(tables, layer, libm::exp(-value * value / 2.0)) {
                return value;
            }
        }
    }

    /// Gamma with this shape, at least 1, and scale 1 (Marsaglia and Tsang, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let normal = self.normal();
            let root = 1.0 + c * normal;
            let cube = root * root * root;
            if cube > 0.0 {
                let log = libm::log(self.positive_uniform());
                if log < normal * normal / 2.0 + d * (1.0 - cube + libm::log(cube)) {
                    return d * cube;
                }
            }
        }
    }

    fn under_curve(&mut self, tables: &Ziggurat, layer: usize, density: f64) -> bool {
        let (low, high) = (tables.densities[layer], tables.densities[layer + 1]);
        high + (low - high) * self.uniform() < density
    }

    /// Marsaglia's tail of the normal law beyond the base of the ziggurat.
    fn normal_tail(&mut self, sign: f64) -> f64 {
        loop {
            let beyond = libm::log(self.positive_uniform()) / NORMAL_TAIL;
            let height = libm::log(self.positive_uniform());
            if -2.0 * height >= beyond * beyond {
                return if sign < 0.0 { beyond - NORMAL_TAIL } else { NORMAL_TAIL - beyond };
            }
        }
    }
}

/// Uniform in [0, 1), of the high bits. A signed conversion is one instruction, an unsigned one several.
#[inline(always)]
fn uniform_of_52_bits(bits: u64) -> f64 {
    ((bits >> 12) as i64) as f64 * (1.0 / (1u64 << 52) as f64)
}

/// The finaliser of SplitMix64.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Layers of equal area under a falling density (Marsaglia and Tsang, 2000).
struct Ziggurat {
    edges: [f64; 257],
    densities: [f64; 257],
}

/// Right edge of the base layer, 256 layers; Marsaglia and Tsang (2000).
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// Area of a layer.
const EXPONENTIAL_AREA: f64 = 0.003_949_659_822_581_557;
/// Right edge of the base layer, 256 layers; Marsaglia and Tsang (2000).
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
/// Area of a layer.
const NORMAL_AREA: f64 = 0.004_928_673_233_974_655;

static EXPONENTIAL: LazyLock<Ziggurat> =
    LazyLock::new(|| ziggurat(EXPONENTIAL_TAIL, EXPONENTIAL_AREA, |x| libm::exp(-x), |y| -libm::log(y)));
static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    ziggurat(NORMAL_TAIL, NORMAL_AREA, |x| libm::exp(-x * x / 2.0), |y| libm::sqrt(-2.0 * libm::log(y)))
});

fn ziggurat(tail: f64, area: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Ziggurat {
    let mut edges = [0.0; 257];
    edges[0] = area / density(tail);
    edges[1] = tail;
    for layer in 2..256 {
        let below: f64 = edges[layer - 1];
        edges[layer] = inverse(area / below + density(below));
    }
    Ziggurat { edges, densities: edges.map(density) }
}

#[cfg(test)]
pub(crate) mod testing {
    /// Kolmogorov-Smirnov at the 0.1 % level.
    pub fn assert_law(mut draw: impl FnMut() -> f64, cumulative: impl Fn(f64) -> f64) {
        let count = 200_000;
        let mut draws: Vec<f64> = (0..count).map(|_| draw()).collect();
        draws.sort_by(f64::total_cmp);
        let distance = draws.iter().enumerate().map(|(rank, value)| {
            let expected = cumulative(*value);
            (expected - rank as f64 / count as f64)
                .abs()
                .max((expected - (rank + 1) as f64 / count as f64).abs())
        });
        let largest = distance.fold(0.0, f64::max);
        assert!(largest < 1.95 / (count as f64).sqrt(), "distance {largest}");
    }
}

#[cfg(test)]
mod tests {
    use super::testing::assert_law;
    use super::*;

    fn stream() -> Stream {
        Stream::new(7, 0, Purpose::Lifetime, 1)
    }

    #[test]
    fn exponential_draws_follow_the_exponential_law() {
        let mut stream = stream();
        assert_law(|| stream.exponential(), |x| 1.0 - (-x).exp());
    }

    #[test]
    fn normal_draws_follow_the_normal_law() {
        let mut stream = stream();
        assert_law(|| stream.normal(), |x| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2));
    }

    /// Gamma of shape 2 is the sum of two exponentials.
    #[test]
    fn gamma_draws_follow_the_gamma_law() {
        let mut stream = stream();
        assert_law(|| stream.gamma(2.0), |x| 1.0 - (-x).exp() * (1.0 + x));
    }

    #[test]
    fn the_tails_are_reached() {
        let mut stream = stream();
        let beyond = (0..4_000_000).filter(|_| stream.exponential() > EXPONENTIAL_TAIL).count() as f64;
        let expected = 4e6 * (-EXPONENTIAL_TAIL).exp();
        assert!((beyond - expected).abs() < 4.0 * expected.sqrt(), "{beyond} beyond, expected {expected}");
        let beyond = (0..4_000_000).filter(|_| stream.normal().abs() > NORMAL_TAIL).count() as f64;
        let expected = 4e6 * libm::erfc(NORMAL_TAIL / std::f64::consts::SQRT_2);
        assert!((beyond - expected).abs() < 4.0 * expected.sqrt(), "{beyond} beyond, expected {expected}");
    }

    #[test]
    fn streams_of_different_owners_differ_and_equal_keys_agree() {
        let first =
            |seed, replication, purpose, owner| Stream::new(seed, replication, purpose, owner).uniform();
        let base = first(1, 0, Purpose::Arrivals, 0);
        assert_eq!(base, first(1, 0, Purpose::Arrivals, 0));
        for other in [
            first(2, 0, Purpose::Arrivals, 0),
            first(1, 1, Purpose::Arrivals, 0),
            first(1, 0, Purpose::End, 0),
            first(1, 0, Purpose::Arrivals, 1),
        ] {
            assert_ne!(base, other);
        }
    }
}
