//! Closed forms to hold the simulation against, and when to begin to measure it.

pub mod mser5;

/// Erlang's loss formula: the share of Poisson arrivals refused by `ports` ports at `offered` erlang.
///
/// Holds for any law of the holding time, hold-down included. The recursion runs on the inverse, which stays
/// finite. A. K. Erlang (1917).
pub fn erlang_b(ports: u64, offered: f64) -> f64 {
    if offered <= 0.0 {
        return if ports == 0 { 1.0 } else { 0.0 };
    }
    let mut inverse = 1.0;
    for port in 1..=ports {
        inverse = 1.0 + port as f64 / offered * inverse;
        if inverse.is_infinite() {
            return 0.0;
        }
    }
    1.0 / inverse
}

/// The most new flows per second that `ports` ports sustain, each kept for `holding_s` seconds (Little's law).
pub fn sustainable_rate(ports: u64, holding_s: f64) -> f64 {
    ports as f64 / holding_s
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} against {expected}");
    }

    /// Oracles O-EB1 to O-EB4 and O-IN1.
    #[test]
    fn erlang_b_gives_the_values_of_the_oracles() {
        for (ports, offered, expected) in [
            (10, 8.0, 0.121661064253),
            (100, 90.0, 0.0269573804644),
            (1024, 950.0, 0.000756812484744),
            (1024, 1000.0, 0.0119887020325),
            (64, 55.0, 0.0275725849818),
        ] {
            assert_close(erlang_b(ports, offered), expected);
        }
    }

    /// Oracle O-HL4: ports over lifetime and hold-down.
    #[test]
    fn the_sustainable_rate_is_ports_over_holding_time() {
        for (ports, hold_down, expected) in [
            (1024, 240.0, 4.26311407161),
            (1024, 15.0, 67.3684210526),
            (64512, 65.0, 989.447852761),
            (64512, 16.0, 3982.22222222),
        ] {
            assert_close(sustainable_rate(ports, 0.2 + hold_down), expected);
        }
    }

    #[test]
    fn no_load_fails_never_and_no_ports_fail_always() {
        assert_eq!(erlang_b(5, 0.0), 0.0);
        assert_eq!(erlang_b(0, 3.0), 1.0);
        assert_eq!(erlang_b(1_000_000, 1.0), 0.0);
    }
}
