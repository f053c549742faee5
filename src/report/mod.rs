//! Results as people and programs read them. Nothing is simulated or estimated here.

mod acceptance;
pub mod chart;
pub mod charts;
pub mod check;
mod compared;
mod comparison;
mod diff;
pub mod document;
mod files;
mod headroom;
pub mod histogram;
pub mod html;
mod junit;
pub mod markdown;
mod number;
mod phases;
pub mod plot;
pub mod present;
pub mod read;
pub mod review;
pub mod sensitivity;
pub mod sweep;
pub mod table;
pub mod text;
pub mod traffic;
mod wording;

pub use files::OutputDirectory;
pub use present::{Format, Present, json, render};
