use super::*;
use crate::random::Purpose;
use crate::random::testing::assert_law;

fn two_points() -> Law {
    let constant = |seconds| Law::Constant(SimDuration::from_secs(seconds));
    Law::Mixture(vec![(0.8, constant(1)), (0.2, constant(6))])
}

fn laws() -> Vec<Law> {
    let values = [1, 2, 9].map(SimDuration::from_secs).to_vec();
    vec![
        Law::Constant(SimDuration::from_secs(3)),
        Law::Exponential { mean: 2.0 },
        Law::Lognormal { location: -0.5, scale: 1.0 },
        Law::Pareto { least: 0.6, alpha: 2.5, most: None },
        Law::Pareto { least: 0.5, alpha: 1.0, most: Some(20.0) },
        Law::Pareto { least: 0.5, alpha: 1.5, most: Some(20.0) },
        Law::Hyperexponential { branches: vec![(0.9, 0.5), (0.1, 5.0)] },
        Law::Erlang { mean: 2.0, stages: 4 },
        Law::Weibull { scale: 1.0, shape: 0.7 },
        Law::Weibull { scale: 2.0, shape: 3.0 },
        two_points(),
        Law::Empirical(Arc::new(values)),
    ]
}

/// Mean and its standard error.
fn average(count: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
    let draws: Vec<f64> = (0..count).map(|_| draw()).collect();
    let mean = draws.iter().sum::<f64>() / f64::from(count);
    let variance = draws.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / f64::from(count - 1);
    (mean, (variance / f64::from(count)).sqrt())
}

#[test]
fn draws_have_the_mean_that_the_law_states() {
    for law in laws() {
        let mut stream = Stream::new(3, 0, Purpose::Lifetime, 0);
        let (mean, error) = average(200_000, || law.sample(&mut stream).as_secs_f64());
        assert!((mean - law.mean()).abs() <= 4.0 * error + 1e-9, "{law:?}: {mean} against {}", law.mean());
    }
}

/// E[1/X] of the length-biased law is 1/E[X].
#[test]
fn length_biased_draws_weigh_each_time_by_itself() {
    for law in laws() {
        let mut stream = Stream::new(4, 0, Purpose::Start, 0);
        let (mean, error) = average(200_000, || 1.0 / law.sample_length_biased(&mut stream).as_secs_f64());
        assert!((mean - 1.0 / law.mean()).abs() <= 4.0 * error + 1e-9, "{law:?}: {mean}");
    }
}

type Cumulative = fn(f64) -> f64;

/// Distribution functions, written out apart from the code that draws.
#[test]
fn draws_follow_their_distribution_function() {
    let cases: [(Law, Cumulative); 6] = [
        (Law::Exponential { mean: 2.0 }, |x| 1.0 - (-x / 2.0).exp()),
        (Law::Erlang { mean: 3.0, stages: 3 }, |x| 1.0 - (-x).exp() * (1.0 + x + x * x / 2.0)),
        (Law::Weibull { scale: 1.5, shape: 0.6 }, |x| 1.0 - (-(x / 1.5).powf(0.6)).exp()),
        (Law::Weibull { scale: 1.5, shape: 2.5 }, |x| 1.0 - (-(x / 1.5).powf(2.5)).exp()),
        (Law::Pareto { least: 0.5, alpha: 1.2, most: Some(40.0) }, |x| {
            (1.0 - (0.5 / x).powf(1.2)) / (1.0 - (0.5f64 / 40.0).powf(1.2))
        }),
        (
            Law::Mixture(vec![(0.3, Law::Exponential { mean: 1.0 }), (0.7, Law::Exponential { mean: 5.0 })]),
            |x| 1.0 - 0.3 * (-x).exp() - 0.7 * (-x / 5.0).exp(),
        ),
    ];
    for (law, cumulative) in cases {
        let mut stream = Stream::new(5, 0, Purpose::Lifetime, 0);
        assert_law(|| law.sample(&mut stream).as_secs_f64(), cumulative);
    }
}

#[test]
fn two_points_come_as_often_as_they_weigh() {
    let mut stream = Stream::new(6, 0, Purpose::Lifetime, 0);
    let law = two_points();
    let long = SimDuration::from_secs(6);
    let count = (0..100_000).filter(|_| law.sample(&mut stream) == long).count();
    assert!((count as f64 - 20_000.0).abs() < 4.0 * 16_000f64.sqrt(), "{count}");
    let biased = (0..100_000).filter(|_| law.sample_length_biased(&mut stream) == long).count();
    assert!((biased as f64 - 60_000.0).abs() < 4.0 * 24_000f64.sqrt(), "{biased}");
    assert_eq!((law.mean(), law.longest_or_mean()), (2.0, 6.0));
}
