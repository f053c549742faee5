//! Draws beside those of `rand_distr`, which shares neither sampling code nor streams with ours: a second opinion on the
//! ziggurats and on every law, by the Kolmogorov-Smirnov test of two samples.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, Exp1, Gamma, LogNormal, Pareto, StandardNormal, Weibull};
use snatsim::random::{Purpose, Stream};
use snatsim::time::SimDuration;
use snatsim::workload::Law;
use std::sync::Arc;

/// Chance that samples of one law are told apart.
const LEVEL: f64 = 0.001;

/// Draws of a law on either side: distribution functions 0.0062 apart are seen.
const DRAWS: usize = 200_000;

/// Draws of a ziggurat on either side: 0.0014 apart is seen.
const ZIGGURAT_DRAWS: usize = 4_000_000;

/// Largest distance between the distribution functions of two samples; equal values step together.
fn distance(ours: &mut [f64], theirs: &mut [f64]) -> f64 {
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let (mut below, mut beyond, mut largest) = (0, 0, 0f64);
    while below < ours.len() && beyond < theirs.len() {
        let value = ours[below].min(theirs[beyond]);
        below += ours[below..].iter().take_while(|each| **each <= value).count();
        beyond += theirs[beyond..].iter().take_while(|each| **each <= value).count();
        let apart = below as f64 / ours.len() as f64 - beyond as f64 / theirs.len() as f64;
        largest = largest.max(apart.abs());
    }
    largest
}

/// The distance that samples of one law exceed with probability [`LEVEL`] (Smirnov, 1939; exact for large samples
/// of a continuous law, rarer for others).
fn critical(ours: usize, theirs: usize) -> f64 {
    let (ours, theirs) = (ours as f64, theirs as f64);
    (-(LEVEL / 2.0).ln() / 2.0 * (ours + theirs) / (ours * theirs)).sqrt()
}

fn assert_alike(name: &str, mut ours: Vec<f64>, mut theirs: Vec<f64>) {
    let critical = critical(ours.len(), theirs.len());
    let distance = distance(&mut ours, &mut theirs);
    println!("{name}: distance {distance:.6}, critical {critical:.6}");
    assert!(distance <= critical, "{name}: distance {distance} above {critical}");
}

fn stream(purpose: Purpose) -> Stream {
    Stream::new(11, 0, purpose, 0)
}

fn sample<T>(count: usize, source: &mut T, draw: impl Fn(&mut T) -> f64) -> Vec<f64> {
    (0..count).map(|_| draw(source)).collect()
}

/// Beyond the last layer the draw comes from another formula, and too rarely for the whole sample to show it.
fn beyond(edge: f64, draws: &[f64]) -> Vec<f64> {
    draws.iter().copied().filter(|value| *value > edge).collect()
}

#[test]
fn exponential_draws_agree_with_a_second_opinion() {
    let ours = sample(ZIGGURAT_DRAWS, &mut stream(Purpose::Lifetime), Stream::exponential);
    let theirs = sample(ZIGGURAT_DRAWS, &mut SmallRng::seed_from_u64(1), |rng| rng.sample(Exp1));
    let edge = 7.697_117_470_131_05;
    assert_alike("exponential tail", beyond(edge, &ours), beyond(edge, &theirs));
    assert_alike("exponential", ours, theirs);
}

#[test]
fn normal_draws_agree_with_a_second_opinion() {
    let ours = sample(ZIGGURAT_DRAWS, &mut stream(Purpose::Lifetime), Stream::normal);
    let theirs = sample(ZIGGURAT_DRAWS, &mut SmallRng::seed_from_u64(2), |rng| rng.sample(StandardNormal));
    let edge = 3.654_152_885_361_009;
    let negated = |draws: &[f64]| draws.iter().map(|value| -value).collect::<Vec<_>>();
    let sizes = |draws: &[f64]| draws.iter().map(|value| value.abs()).collect::<Vec<_>>();
    assert_alike("normal upper tail", beyond(edge, &ours), beyond(edge, &theirs));
    assert_alike("normal lower tail", beyond(edge, &negated(&ours)), beyond(edge, &negated(&theirs)));
    // The corners of the layers, where a draw is kept or not, are widest out here.
    assert_alike("normal sizes beyond 2", beyond(2.0, &sizes(&ours)), beyond(2.0, &sizes(&theirs)));
    assert_alike("normal", ours, theirs);
}

#[test]
fn gamma_draws_agree_with_a_second_opinion() {
    for shape in [1.0, 1.4, 7.5] {
        let ours = sample(DRAWS, &mut stream(Purpose::Start), |stream| stream.gamma(shape));
        let law = Gamma::new(shape, 1.0).unwrap();
        let theirs = sample(DRAWS, &mut SmallRng::seed_from_u64(3), |rng| law.sample(rng));
        assert_alike(&format!("gamma {shape}"), ours, theirs);
    }
}

type Reference = Box<dyn Fn(&mut SmallRng) -> f64>;

fn of(law: impl Distribution<f64> + 'static) -> Reference {
    Box::new(move |rng| law.sample(rng))
}

/// The law given that it is at most `most`.
fn at_most(most: f64, law: Reference) -> Reference {
    Box::new(move |rng| std::iter::repeat_with(|| law(rng)).find(|value| *value <= most).unwrap())
}

fn either(share: f64, first: Reference, second: Reference) -> Reference {
    Box::new(move |rng| if rng.random_bool(share) { first(rng) } else { second(rng) })
}

fn exponential(mean: f64) -> Reference {
    of(Exp::new(1.0 / mean).unwrap())
}

fn pareto(least: f64, alpha: f64) -> Reference {
    of(Pareto::new(least, alpha).unwrap())
}

fn lognormal(location: f64, scale: f64) -> Reference {
    of(LogNormal::new(location, scale).unwrap())
}

fn gamma(shape: f64, scale: f64) -> Reference {
    of(Gamma::new(shape, scale).unwrap())
}

fn one_of(values: &'static [f64]) -> Reference {
    Box::new(move |rng| values[rng.random_range(0..values.len())])
}

fn hyperexponential() -> Law {
    Law::Hyperexponential { branches: vec![(0.9, 0.5), (0.1, 5.0)] }
}

fn mixture() -> Law {
    let normal = Law::Lognormal { location: 0.5, scale: 0.4 };
    Law::Mixture(vec![(0.4, Law::Exponential { mean: 1.0 }), (0.6, normal)])
}

fn empirical() -> Law {
    Law::Empirical(Arc::new([1, 2, 9].map(SimDuration::from_secs).to_vec()))
}

/// Mean of the log-normal branch of [`mixture`].
fn branch_mean() -> f64 {
    f64::exp(0.5 + 0.4 * 0.4 / 2.0)
}

#[test]
fn every_law_agrees_with_a_second_opinion() {
    let weibull = |scale, shape| of(Weibull::new(scale, shape).unwrap());
    let cases: Vec<(Law, Reference)> = vec![
        (Law::Exponential { mean: 2.0 }, exponential(2.0)),
        (Law::Lognormal { location: -0.5, scale: 1.2 }, lognormal(-0.5, 1.2)),
        (Law::Pareto { least: 0.6, alpha: 2.5, most: None }, pareto(0.6, 2.5)),
        (Law::Pareto { least: 0.5, alpha: 1.0, most: Some(20.0) }, at_most(20.0, pareto(0.5, 1.0))),
        (Law::Pareto { least: 0.5, alpha: 1.5, most: Some(20.0) }, at_most(20.0, pareto(0.5, 1.5))),
        (hyperexponential(), either(0.9, exponential(0.5), exponential(5.0))),
        (Law::Erlang { mean: 2.0, stages: 4 }, gamma(4.0, 0.5)),
        (Law::Weibull { scale: 1.0, shape: 0.7 }, weibull(1.0, 0.7)),
        (Law::Weibull { scale: 2.0, shape: 3.0 }, weibull(2.0, 3.0)),
        (mixture(), either(0.4, exponential(1.0), lognormal(0.5, 0.4))),
        (empirical(), one_of(&[1.0, 2.0, 9.0])),
    ];
    for (seed, (law, reference)) in cases.into_iter().enumerate() {
        let ours = sample(DRAWS, &mut stream(Purpose::Lifetime), |stream| law.sample(stream).as_secs_f64());
        let theirs = sample(DRAWS, &mut SmallRng::seed_from_u64(100 + seed as u64), reference);
        assert_alike(&format!("{law:?}"), ours, theirs);
    }
}

/// The reference is the same law with other parameters, never the formula under test: x times the density of a
/// gamma law of shape k is one of shape k + 1, of a Pareto law of exponent a one of exponent a - 1, and so on.
#[test]
fn every_length_biased_law_agrees_with_a_second_opinion() {
    let weibull = |scale: f64, shape: f64| -> Reference {
        let law = Gamma::new(1.0 + 1.0 / shape, 1.0).unwrap();
        Box::new(move |rng| scale * law.sample(rng).powf(1.0 / shape))
    };
    let of_mixture = 0.4 / (0.4 + 0.6 * branch_mean());
    let cases: Vec<(Law, Reference)> = vec![
        (Law::Exponential { mean: 2.0 }, gamma(2.0, 2.0)),
        (Law::Lognormal { location: -0.5, scale: 1.2 }, lognormal(-0.5 + 1.2 * 1.2, 1.2)),
        (Law::Pareto { least: 0.6, alpha: 2.5, most: None }, pareto(0.6, 1.5)),
        (Law::Pareto { least: 0.5, alpha: 1.5, most: Some(20.0) }, at_most(20.0, pareto(0.5, 0.5))),
        (hyperexponential(), either(0.45 / 0.95, gamma(2.0, 0.5), gamma(2.0, 5.0))),
        (Law::Erlang { mean: 2.0, stages: 4 }, gamma(5.0, 0.5)),
        (Law::Weibull { scale: 1.0, shape: 0.7 }, weibull(1.0, 0.7)),
        (Law::Weibull { scale: 2.0, shape: 3.0 }, weibull(2.0, 3.0)),
        (mixture(), either(of_mixture, gamma(2.0, 1.0), lognormal(0.5 + 0.4 * 0.4, 0.4))),
        (empirical(), one_of(&[1.0, 2.0, 2.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0])),
    ];
    for (seed, (law, reference)) in cases.into_iter().enumerate() {
        let biased = |stream: &mut Stream| law.sample_length_biased(stream).as_secs_f64();
        let ours = sample(DRAWS, &mut stream(Purpose::Start), biased);
        let theirs = sample(DRAWS, &mut SmallRng::seed_from_u64(200 + seed as u64), reference);
        assert_alike(&format!("length-biased {law:?}"), ours, theirs);
    }
}

#[test]
fn the_distance_of_small_samples_is_the_one_found_by_hand() {
    assert_eq!(distance(&mut [4.0, 1.0, 2.0, 3.0], &mut [2.5, 1.5]), 0.5);
    assert_eq!(distance(&mut [1.0, 1.0, 2.0, 2.0], &mut [2.0, 1.0, 2.0, 2.0]), 0.25, "equal values");
    assert_eq!(distance(&mut [1.0, 2.0], &mut [3.0, 4.0]), 1.0);
    assert!((critical(200_000, 200_000) - 1.9495 * 0.01f64.sqrt() / 1000f64.sqrt()).abs() < 1e-6);
}
