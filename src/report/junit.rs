//! Verdicts as JUnit XML, for the test reports of build servers.

use super::check::Check;
use crate::error::Error;
use crate::experiment::results::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// One test case a check; an inconclusive one is an error, not a failure.
pub fn report(checks: &[Check]) -> Result<String, Error> {
    let mut suite = TestSuite::new("thresholds");
    suite.add_test_cases(checks.iter().map(case));
    let mut report = Report::new("snatsim");
    report.add_test_suite(suite);
    report.to_string().map_err(|why| Error::Defect(format!("the report is no XML: {why}")))
}

fn case(check: &Check) -> TestCase {
    let mut status = match check.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(check.message.clone());
    let mut case = TestCase::new(check.name.clone(), status);
    if check.verdict == Verdict::Pass {
        case.set_system_out(check.message.clone());
    }
    case
}
