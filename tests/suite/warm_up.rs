//! An automatic warm-up: the settling time or the MSER-5 point of a pilot run, and what is said of it.

use crate::check::{run, run_cut, scenario};
use crate::command_line::snatsim;
use snatsim::experiment::Control;
use snatsim::experiment::compare::{self, Question};
use snatsim::experiment::results::{Results, WarmUpChoice, WarmUpReason};
use snatsim::simulation::Sharding;
use std::sync::atomic::AtomicUsize;

/// Clients that send their SYN again have no known stationary law, so the program must choose a warm-up.
fn text(workload: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = 4096\n[[node_pool]]\nname = \"user\"\nnodes = 3\n[[workload]]\npods = 3\n\
         {workload}\n[run]\nduration = \"1000s\"\nreplications = 3\n"
    )
}

/// Busy ports stay the same after one second, without any chance.
fn even() -> String {
    text("arrivals.even = { rate = \"50 per s\" }\nlifetime.constant = { value = \"1s\" }")
}

/// One connection in `of` stays for `longest` on average, the others for a second.
fn lingering(of: u32, longest: &str) -> String {
    let others = of - 1;
    text(&format!(
        "arrivals.poisson = {{ rate = \"200 per s\" }}\n\
         lifetime.hyperexponential = {{ branches = [[{others}, \"1s\"], [1, \"{longest}\"]] }}"
    ))
}

/// Five means of 1.9 s are 9.5 s, but half of the busy ports come and go with a mean of 10 s.
fn slow() -> String {
    lingering(10, "10s")
}

fn choice(results: &Results) -> WarmUpChoice {
    results.warm_up_choice.expect("a chosen warm-up")
}

fn warns(results: &Results) -> bool {
    results.warnings.iter().any(|warning| warning.contains("MSER-5"))
}

#[test]
fn the_settling_time_is_taken_where_mser_5_asks_for_no_more() {
    let results = run(&even(), &[]);
    let choice = choice(&results);
    assert_eq!(choice.reason, WarmUpReason::SettlingTime, "{choice:?}");
    assert_eq!((results.warm_up_s, choice.settling_s, choice.pilot_s), (5.0, 5.0, 200.0));
    assert!(choice.mser5_s.unwrap() <= 5.0 && !warns(&results), "{choice:?}");
}

#[test]
fn the_mser_5_point_is_taken_where_it_is_later() {
    let results = run(&slow(), &[]);
    let choice = choice(&results);
    assert_eq!((choice.reason, choice.settling_s), (WarmUpReason::Mser5, 10.0), "{choice:?}");
    assert!((20.0..=100.0).contains(&choice.mser5_s.unwrap()), "{choice:?}");
    assert_eq!(results.warm_up_s, choice.mser5_s.unwrap().ceil());
    assert!(!warns(&results));
}

/// Five means of 10.99 s are 55 s and a pilot 2,200 s, in which nine ports in ten come and go with a mean of 1,000 s.
#[test]
fn a_start_that_is_never_forgotten_is_warned_of() {
    let results = run(&lingering(100, "1000s"), &[("run.duration", "3000s")]);
    let choice = choice(&results);
    assert_eq!((choice.reason, choice.mser5_s), (WarmUpReason::Unsettled, None), "{choice:?}");
    assert_eq!(results.warm_up_s, choice.settling_s);
    assert!(warns(&results));
}

#[test]
fn mser_5_is_not_asked_where_it_could_not_answer_or_need_not() {
    let short = run(&slow(), &[("run.duration", "180s")]);
    assert_eq!(choice(&short).reason, WarmUpReason::Unasked, "19 settling times");
    assert_eq!(run(&slow(), &[("run.warm_up", "7s")]).warm_up_choice, None);
    assert_eq!(run(&slow(), &[("workload.0.syn", "none")]).warm_up_choice, None, "a stationary start");
}

#[test]
fn the_choice_depends_on_neither_threads_nor_shards_nor_replications() {
    let chosen = |threads, sharding, replications| {
        let scenario = scenario(&slow(), &[("run.replications", replications)]);
        let results = run_cut(&scenario, threads, sharding);
        (results.warm_up_s, choice(&results))
    };
    let first = chosen(1, Sharding::Smallest, "3");
    assert_eq!(first, chosen(2, Sharding::Smallest, "1"));
    assert_eq!(first, chosen(1, Sharding::Coupled, "2"));
    assert_ne!(first, {
        let results = run(&slow(), &[("run.seed", "2")]);
        (results.warm_up_s, choice(&results))
    });
}

#[test]
fn options_begin_alike_and_say_why() {
    let scenarios = ["0s", "30s"].map(|rest| scenario(&even(), &[("outbound.hold_down.fin", rest)]));
    let stop = AtomicUsize::new(0);
    let control = Control { threads: 0, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
    let options = compare::compare(&Question::of(&scenarios), &control).unwrap().options;
    let [quick, slow] = [&options[0].results, &options[1].results];
    assert!(slow.warm_up_s >= 35.0);
    assert_eq!(quick.warm_up_s, slow.warm_up_s);
    assert_eq!((choice(quick).reason, choice(quick).settling_s), (WarmUpReason::CommonStart, 5.0));
    assert_ne!(choice(slow).reason, WarmUpReason::CommonStart);
}

#[test]
fn the_text_says_how_the_warm_up_was_chosen() {
    let printed = |text: String| {
        let mut command = snatsim(&["run", "-"]);
        String::from_utf8(command.write_stdin(text).output().unwrap().stdout).unwrap()
    };
    let settling = printed(even());
    let expected =
        "start after a warm-up of 5 s (the longest hold-down and five mean lifetimes; MSER-5 asks for";
    assert!(settling.contains(expected), "{settling}");
    let later = printed(slow());
    assert!(
        later.contains("(the MSER-5 point; the longest hold-down and five mean lifetimes are 10 s)"),
        "{later}"
    );
}

/// 1,200 erlang of constant holding times on 1,000 ports: full after 83 s, they come free from 100 s on, in step for long.
#[test]
fn ports_that_fill_and_come_free_in_step_are_warned_of() {
    let with = |warm_up: &str, lifetime: &str| {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = 1000\n[[workload]]\narrivals.poisson = {{ rate = \"12 per s\" }}\n\
             lifetime.{lifetime}\nsyn = \"none\"\n[run]\nwarm_up = \"{warm_up}\"\nduration = \"450s\"\nreplications = 5\n"
        );
        run(&text, &[]).warnings.iter().any(|warning| warning.contains("come free in step"))
    };
    let (constant, exponential) = ("constant = { value = \"100s\" }", "exponential = { mean = \"100s\" }");
    assert!(with("150s", constant));
    assert!(!with("stationary", constant) && !with("150s", exponential));
}
