//! A run, for people and programs.

mod html;

use std::fmt::Write as _;

pub use html::to_html;
use serde_json::{Value, json};
use softhello_ctap::Timestamp;

use super::run::{Ran, Run};
use crate::{logs, sources};

/// As text for a terminal: a timeline, then why it went wrong and whether it was expected so.
pub fn to_text(run: &Run) -> String {
    let mut out = format!("{}\n", run.title);
    let mut day = String::new();
    for (number, step) in (1..).zip(&run.steps) {
        let date = date(step.time);
        if date != day {
            // Writing to a text does not fail.
            let _ = writeln!(out, "\n{date} (UTC)");
            day = date;
        }
        let _ = writeln!(out, "\n{}  {number}. {} {}", clock(step.time), step.account, step.did);
        for (name, line) in lines(step) {
            let _ = writeln!(out, "  {name:<9} {line}");
        }
    }
    out.push('\n');
    for (number, cause) in &run.causes {
        let _ = writeln!(out, "cause (step {number}): {}\n  fix: {}", cause.sentence(), cause.fix());
    }
    for assumed in &run.assumed {
        let _ = writeln!(out, "assumed: {assumed}");
    }
    out + &verdict(run)
}

/// Whether it came out as expected, in a line.
fn verdict(run: &Run) -> String {
    let unmet: Vec<String> = (1..)
        .zip(&run.steps)
        .filter(|(_, step)| !step.unmet.is_empty())
        .map(|(number, _): (usize, _)| number.to_string())
        .collect();
    match unmet.as_slice() {
        [] => "as expected".to_owned(),
        [step] => format!("not as expected: step {step}"),
        steps => format!("not as expected: steps {}", steps.join(", ")),
    }
}

/// As Markdown.
pub fn to_markdown(run: &Run) -> String {
    let mut out =
        format!("# {}\n\nScenario {}: {}\n", markdown(&run.title), markdown(&run.name), verdict(run));
    for (number, cause) in &run.causes {
        let _ = writeln!(
            out,
            "\n**Cause (step {number}).** {}\n\n**Fix.** {}",
            markdown(cause.sentence()),
            markdown(cause.fix())
        );
    }
    for (number, step) in (1..).zip(&run.steps) {
        let _ = writeln!(
            out,
            "\n## {number}. {} {} {} UTC\n",
            markdown(&format!("{} {}", step.account, step.did)),
            date(step.time),
            clock(step.time)
        );
        for (name, line) in lines(step) {
            let _ = writeln!(out, "- **{name}** {}", markdown(&line));
        }
    }
    for (heading, list) in [("Sources", titles(run)), ("Assumed", run.assumed.clone())] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n## {heading}\n");
            for item in list {
                let _ = writeln!(out, "- {}", markdown(&item));
            }
        }
    }
    out
}

/// As JSON.
pub fn to_json(run: &Run) -> Value {
    let step = |step: &Ran| {
        let mut json = serde_json::to_value(step).unwrap_or_default();
        if let Some(json) = json.as_object_mut() {
            json.insert("time".to_owned(), logs::rfc3339(step.time).into());
            json.insert("log".to_owned(), logs::to_json(&step.outcome.log));
        }
        json
    };
    json!({
        "name": run.name,
        "title": run.title,
        "met": run.is_met(),
        "sources": titles(run),
        "assumed": run.assumed,
        "causes": run.causes.iter().map(|(step, cause)| json!({
            "step": step, "id": cause.id(), "sentence": cause.sentence(), "fix": cause.fix(),
        })).collect::<Vec<_>>(),
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

/// Its sources, those that are known by a key with what that stands for.
fn titles(run: &Run) -> Vec<String> {
    let title = |key: &String| match sources::source(key) {
        Some(title) => format!("{title} [{key}]"),
        None => key.clone(),
    };
    run.sources.iter().map(title).collect()
}

/// The most lines of one layer that a step shows; the JSON has all.
const SHOWN: usize = 60;

/// What a step shows, each line with its layer.
fn lines(step: &Ran) -> Vec<(&'static str, String)> {
    let outcome = &step.outcome;
    let mut lines: Vec<(&'static str, String)> =
        outcome.sees.iter().map(|screen| ("sees", screen.clone())).collect();
    let chain = outcome.chain();
    if !chain.is_empty() {
        lines.push(("chain", chain.join(" → ")));
    }
    lines.extend(outcome.rp.iter().map(|answer| ("rp", answer.clone())));
    lines.extend(first("log", outcome.log.iter().map(ToString::to_string)));
    let audit = outcome.audit.iter().map(|entry| match &entry.target_display_name {
        Some(target) => format!("{}, key {target}", entry.activity_display_name),
        None => entry.activity_display_name.to_string(),
    });
    lines.extend(first("audit", repeated(audit).into_iter()));
    lines.extend(outcome.sign_ins.iter().map(|entry| ("sign-in", entry.to_string())));
    if !step.methods.is_empty() {
        lines.push(("methods", repeated(step.methods.iter().map(ToString::to_string)).join(", ")));
    }
    if !step.container.is_empty() {
        lines.push(("container", counted(&step.container)));
    }
    lines.extend(outcome.cause.map(|cause| ("cause", cause.id().to_owned())));
    lines.extend(step.unmet.iter().map(|unmet| ("UNMET", unmet.clone())));
    lines
}

/// The first of many lines of a layer, and how many more there are.
fn first(
    layer: &'static str,
    lines: impl ExactSizeIterator<Item = String>,
) -> impl Iterator<Item = (&'static str, String)> {
    let more = lines.len().checked_sub(SHOWN).filter(|more| *more > 0);
    let more = more.map(|more| format!("… and {more} more, in the report in JSON"));
    lines.take(SHOWN).chain(more).map(move |line| (layer, line))
}

/// Texts, those that follow each other and are the same with their number.
fn repeated(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for text in texts {
        match counted.last_mut().filter(|(last, _)| *last == text) {
            Some((_, count)) => *count += 1,
            None => counted.push((text, 1)),
        }
    }
    let shown = |(text, count)| if count == 1 { text } else { format!("{text} ×{count}") };
    counted.into_iter().map(shown).collect()
}

/// The newest of a long list, and how many more there are.
fn counted(container: &[String]) -> String {
    const NEWEST: usize = 6;
    let shown = container.iter().take(NEWEST).cloned().collect::<Vec<_>>().join(", ");
    match container.len().checked_sub(NEWEST) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// A day, in UTC.
fn date(time: Timestamp) -> String {
    let text = logs::rfc3339(time);
    text.get(..10).unwrap_or(&text).to_owned()
}

/// A time of day, in UTC.
fn clock(time: Timestamp) -> String {
    let text = logs::rfc3339(time);
    text.get(11..19).unwrap_or(&text).to_owned()
}

/// Text that Markdown takes as it is.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
