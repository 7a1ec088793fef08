//! Scenarios: a situation in a text file, run for real, with what each layer has to show.

pub mod action;
pub mod built_in;
mod check;
pub mod expect;
pub mod file;
mod report;
mod run;

pub use action::Action;
pub use check::ScenarioError;
pub use expect::Expect;
pub use file::Scenario;
pub use report::{to_html, to_json, to_markdown, to_text};
pub use run::{Ran, Run, RunError, run};

/// The JSON schema of scenario files, for editors.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Scenario);
    schema.insert("title".to_owned(), "softhello scenario".into());
    schema.to_value()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests;
