//! Fully sequential selection of the best of several designs, with an indifference zone.
//!
//! S.-H. Kim, B. L. Nelson, ACM TOMACS 11 (2001), procedure KN with c = 1, for the smallest mean. Observations may be paired (common
//! random numbers): only variances of differences are used.

use crate::experiment::estimate::CONFIDENCE;

/// The constants of a selection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Differences smaller than this do not matter; above 0.
    pub indifference: f64,
    /// Observations of every design before the first is judged, 2 or more.
    pub first_stage: u32,
    /// The constant eta of the procedure.
    pub eta: f64,
    /// Its h squared.
    pub h2: f64,
}

/// A design that was judged clearly worse than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eliminated {
    /// Its number.
    pub design: usize,
    /// After so many observations of each.
    pub after: u32,
    /// The design by which it was judged.
    pub by: usize,
    /// Mean of it minus that of the other.
    pub difference: f64,
    /// The difference had to be larger than this.
    pub needed: f64,
}

/// A selection under way.
#[derive(Debug, Clone)]
pub struct Selecting {
    rule: Rule,
    /// Variance of the difference of two designs, of the first stage.
    variances: Vec<Vec<f64>>,
    survivors: Vec<usize>,
    eliminated: Vec<Eliminated>,
}

impl Rule {
    /// For so many `designs`, two or more.
    pub fn new(designs: usize, first_stage: u32, indifference: f64) -> Self {
        let freedom = f64::from(first_stage) - 1.0;
        let share = 2.0 * (1.0 - CONFIDENCE) / (designs as f64 - 1.0);
        let eta = (libm::pow(share, -2.0 / freedom) - 1.0) / 2.0;
        Self { indifference, first_stage, eta, h2: 2.0 * eta * freedom }
    }

    /// How much larger a mean over `count` observations must be to be clearly worse, for that variance of the difference.
    fn reach(&self, variance: f64, count: u32) -> f64 {
        let (delta, count) = (self.indifference, f64::from(count));
        (delta / (2.0 * count) * (self.h2 * variance / (delta * delta) - count)).max(0.0)
    }

    /// The number of observations from which on any difference is enough.
    fn most(&self, variance: f64) -> f64 {
        (self.h2 * variance / (self.indifference * self.indifference)).floor() + 1.0
    }
}

impl Selecting {
    /// Judges the first stage: `first_stage` observations of every design.
    pub fn begin(rule: Rule, observed: &[Vec<f64>]) -> Self {
        let first = rule.first_stage as usize;
        let variance = |one: &Vec<f64>, other: &Vec<f64>| {
            let differences: Vec<f64> =
                one.iter().zip(other).take(first).map(|(one, other)| one - other).collect();
            let mean = differences.iter().sum::<f64>() / first as f64;
            differences.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / (first as f64 - 1.0)
        };
        let variances =
            observed.iter().map(|one| observed.iter().map(|other| variance(one, other)).collect()).collect();
        let mut selecting =
            Self { rule, variances, survivors: (0..observed.len()).collect(), eliminated: Vec::new() };
        selecting.judge(observed, rule.first_stage);
        selecting
    }

    /// Judges all survivors by their first `count` observations, each against all others that there were before.
    pub fn judge(&mut self, observed: &[Vec<f64>], count: u32) {
        let mean =
            |design: usize| observed[design].iter().take(count as usize).sum::<f64>() / f64::from(count);
        let means: Vec<(usize, f64)> = self.survivors.iter().map(|design| (*design, mean(*design))).collect();
        let worse = |(design, own): &(usize, f64)| {
            let against = |(by, other): &(usize, f64)| {
                let needed = self.rule.reach(self.variances[*design][*by], count);
                let found =
                    Eliminated { design: *design, after: count, by: *by, difference: own - other, needed };
                (found.difference > needed).then_some(found)
            };
            let beaten = means.iter().filter_map(against);
            beaten.max_by(|one, other| {
                (one.difference - one.needed).total_cmp(&(other.difference - other.needed))
            })
        };
        let out: Vec<Eliminated> = means.iter().filter_map(worse).collect();
        self.survivors.retain(|design| !out.iter().any(|each| each.design == *design));
        self.eliminated.extend(out);
    }

    /// Designs that are left, in their order.
    pub fn survivors(&self) -> &[usize] {
        &self.survivors
    }

    /// Those that are not, in the order in which they went.
    pub fn eliminated(&self) -> &[Eliminated] {
        &self.eliminated
    }

    /// The most observations of each that may still be needed: then only equal means are left.
    pub fn most(&self) -> f64 {
        let pairs =
            self.survivors.iter().flat_map(|one| self.survivors.iter().map(move |other| (*one, *other)));
        pairs.map(|(one, other)| self.rule.most(self.variances[one][other])).fold(1.0, f64::max)
    }

    /// Whether the best is known after `count` observations of each survivor.
    pub fn is_over(&self, count: u32) -> bool {
        self.survivors.len() < 2 || f64::from(count) >= self.most()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    /// Oracle O-ST4.
    #[test]
    fn the_constants_are_those_of_the_paper() {
        for (designs, first, eta, h2) in
            [(4, 20, 0.215247670799, 8.17941149035), (8, 30, 0.170221175293, 9.872828167)]
        {
            let rule = Rule::new(designs, first, 0.001);
            assert!((rule.eta / eta - 1.0).abs() < 1e-9, "{}", rule.eta);
            assert!((rule.h2 / h2 - 1.0).abs() < 1e-9, "{}", rule.h2);
        }
    }

    /// The number of the design that is left, and of observations of each survivor.
    fn selected(rule: Rule, draw: &mut dyn FnMut() -> Vec<f64>) -> (Vec<usize>, u32) {
        let designs = draw().len();
        let mut observed = vec![Vec::new(); designs];
        let mut more = |observed: &mut Vec<Vec<f64>>| {
            draw().into_iter().zip(observed).for_each(|(value, all)| all.push(value));
        };
        (0..rule.first_stage).for_each(|_| more(&mut observed));
        let mut selecting = Selecting::begin(rule, &observed);
        let mut count = rule.first_stage;
        while !selecting.is_over(count) {
            count += 1;
            more(&mut observed);
            selecting.judge(&observed, count);
        }
        (selecting.survivors().to_vec(), count)
    }

    /// The hardest case: one design is better than all others by just the indifference zone. 0.95 of 1,000, less 3.29 standard
    /// deviations, is 927.
    #[test]
    fn the_best_is_selected_as_often_as_promised() {
        let mut stream = Stream::new(5, 0, Purpose::Shape, 0);
        let mut draw = || {
            let common = stream.normal();
            (0..4)
                .map(|design| common + 0.5 * stream.normal() + if design == 2 { 0.0 } else { 0.4 })
                .collect()
        };
        let right = (0..1_000).filter(|_| selected(Rule::new(4, 10, 0.4), &mut draw).0 == [2]).count();
        assert!(right >= 927, "{right}");
    }

    /// What all designs share leaves the differences alone, so it costs no observation.
    #[test]
    fn common_random_numbers_save_observations() {
        let mean = |shared: f64| {
            let mut stream = Stream::new(9, 0, Purpose::Shape, 0);
            let mut draw = || {
                let common = 3.0 * stream.normal();
                (0..3)
                    .map(|design| {
                        let own = 3.0 * stream.normal();
                        shared * common + (1.0 - shared) * own + f64::from(design)
                    })
                    .collect()
            };
            (0..100).map(|_| f64::from(selected(Rule::new(3, 10, 0.5), &mut draw).1)).sum::<f64>() / 100.0
        };
        let (apart, together) = (mean(0.0), mean(0.9));
        assert!(together < 0.2 * apart, "{together} against {apart}");
    }

    #[test]
    fn equal_designs_are_left_together_and_constant_differences_need_no_more_than_the_first_stage() {
        let mut equal = || vec![0.25, 0.25, 0.5];
        assert_eq!(selected(Rule::new(3, 5, 0.1), &mut equal), (vec![0, 1], 5));
    }
}
