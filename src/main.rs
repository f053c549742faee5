//! The `snatsim` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    snatsim::cli::main()
}
