//! The integration tests, a module a subject.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod autoscaling;
mod check;
mod cluster_in_time;
mod command_line;
mod conservation;
mod denials;
mod determinism;
mod documented_keys;
mod golden;
mod input_errors;
mod kernel_lab;
mod layering;
mod load_balancer;
mod local_ports;
mod mathematics;
mod network_plugins;
mod node_stage;
mod oracles;
mod oracles_bursts;
mod oracles_clients;
mod oracles_closed;
mod oracles_idle;
mod oracles_pools;
mod oracles_search;
mod oracles_time;
mod oracles_traffic;
mod oracles_two_levels;
mod platforms;
mod precision;
mod presets;
mod recorded_traffic;
mod reference;
mod relays;
mod replay_inputs;
mod replays;
mod reports;
mod request_timeouts;
mod scenario_files;
mod schemas;
mod second_opinion;
mod shipped_scenarios;
mod traffic_keys;
mod warm_up;
mod ways_out;
