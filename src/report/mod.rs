//! Results as people and programs read them. Nothing is simulated or estimated here.

mod files;
pub mod text;

pub use files::OutputDirectory;
