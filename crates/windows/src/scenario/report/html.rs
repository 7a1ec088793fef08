//! A run as one self-contained HTML file, with a sequence diagram.

use std::fmt::Write as _;

use super::{Ran, Run, clock, date, lines, titles, verdict};
use crate::world::Actor;

/// Who has a line of life in the diagram, from left to right.
const ACTORS: [(Actor, &str); 5] = [
    (Actor::Person, "Person"),
    (Actor::Browser, "Browser"),
    (Actor::Windows, "Windows (webauthn.h)"),
    (Actor::Hello, "Windows Hello"),
    (Actor::RelyingParty, "Entra / relying party"),
];

/// Between two lines of life, in the picture's units.
const DISTANCE: usize = 230;

/// How many characters fit between two lines of life.
const FITS: usize = 34;

/// A line of text.
const LINE: usize = 15;

/// As one self-contained HTML file.
pub fn to_html(run: &Run) -> String {
    let title = escape(&run.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        include_str!("report.css")
    );
    // Writing to a text does not fail.
    let _ = writeln!(
        out,
        "<p class=\"verdict\">Scenario <code>{}</code>: <span class=\"{}\">{}</span></p>",
        escape(&run.name),
        if run.is_met() { "met" } else { "unmet" },
        verdict(run)
    );
    for (number, cause) in &run.causes {
        let _ = writeln!(
            out,
            "<section class=\"cause\" aria-label=\"Cause of step {number}\"><p><b>Cause (step {number}).</b> {}</p><p><b>Fix.</b> {}</p></section>",
            escape(cause.sentence()),
            escape(cause.fix())
        );
    }
    out.push_str("<h2>Who said what to whom</h2>\n");
    out.push_str(&diagram(run));
    out.push_str("<h2>Timeline</h2>\n<ol class=\"timeline\">\n");
    for (number, step) in (1..).zip(&run.steps) {
        let _ = writeln!(
            out,
            "<li><h3><time>{} {} UTC</time>{number}. {} {}</h3>\n<dl>",
            date(step.time),
            clock(step.time),
            escape(&step.account),
            escape(&step.did)
        );
        let lines = lines(step);
        for group in lines.chunk_by(|(a, _), (b, _)| a == b) {
            let name = group.first().map(|(name, _)| *name).unwrap_or_default();
            let class = name.to_lowercase();
            let _ = writeln!(out, "<dt class=\"{class}\">{name}</dt>");
            for (_, line) in group {
                let _ = writeln!(out, "<dd class=\"{class}\">{}</dd>", escape(line));
            }
        }
        out.push_str("</dl></li>\n");
    }
    out.push_str("</ol>\n<footer>\n");
    for (heading, list) in [("Sources", titles(run)), ("Assumed", run.assumed.clone())] {
        if !list.is_empty() {
            let _ = writeln!(out, "<h2>{heading}</h2>\n<ul>");
            for item in list {
                let _ = writeln!(out, "<li>{}</li>", escape(&item));
            }
            out.push_str("</ul>\n");
        }
    }
    out + "</footer>\n</main>\n</body>\n</html>\n"
}

/// The sequence diagram: a band for every step, an arrow for every message, and what the person sees in the end.
fn diagram(run: &Run) -> String {
    let (mut rows, mut y) = (String::new(), 40);
    for (number, step) in run.steps.iter().enumerate() {
        draw(step, number + 1, &mut rows, &mut y);
    }
    let (width, height) = (DISTANCE * ACTORS.len(), y + 10);
    let mut out = format!(
        "<figure><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Sequence diagram: {}\">\n\
         <defs><marker id=\"arrow\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" orient=\"auto\">\
         <path d=\"M0 0L9 4L0 8z\"/></marker></defs>\n",
        escape(&run.title)
    );
    for (actor, name) in ACTORS {
        let x = x(actor);
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" y1=\"28\" x2=\"{x}\" y2=\"{height}\" class=\"life\"/>\
             <text x=\"{x}\" y=\"18\" class=\"who\">{name}</text>"
        );
    }
    out + &rows + "</svg></figure>\n"
}

fn draw(step: &Ran, number: usize, rows: &mut String, y: &mut usize) {
    let width = DISTANCE * ACTORS.len();
    let _ = writeln!(
        rows,
        "<rect x=\"0\" y=\"{y}\" width=\"{width}\" height=\"20\" class=\"band\"/>\
         <text x=\"8\" y=\"{}\" class=\"step\">{number}. {} {}</text>",
        *y + 14,
        escape(&step.account),
        escape(&step.did)
    );
    *y += 24;
    let shown = step.outcome.sees.last().filter(|_| step.outcome.messages.len() > 1);
    let seen = shown.map(|screen| (Actor::Browser, Actor::Person, screen.as_str(), "shown"));
    let messages = step.outcome.messages.iter();
    let said = messages.map(|message| (message.from, message.to, message.text.as_str(), "say"));
    for (from, to, text, class) in said.chain(seen) {
        let (start, end) = (x(from), x(to));
        let lanes = start.abs_diff(end) / DISTANCE;
        let text = wrapped(text, FITS * lanes.max(1));
        for line in &text {
            *y += LINE;
            let _ = writeln!(
                rows,
                "<text x=\"{}\" y=\"{y}\" class=\"{class}-text\">{}</text>",
                usize::midpoint(start, end),
                escape(line)
            );
        }
        *y += 7;
        let _ = writeln!(
            rows,
            "<line x1=\"{start}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\" class=\"{class}\" marker-end=\"url(#arrow)\"/>"
        );
    }
    *y += 14;
}

fn x(actor: Actor) -> usize {
    let index = ACTORS.iter().position(|(known, _)| *known == actor).unwrap_or_default();
    DISTANCE / 2 + DISTANCE * index
}

/// Text in lines of at most so many characters, broken at spaces where there are any.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines
            .last_mut()
            .filter(|line| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= most);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
