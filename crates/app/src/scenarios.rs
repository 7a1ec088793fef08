//! Scenarios, and what codes mean.

use std::{fs, path::Path};

use serde_json::{Value, json};
use softhello_windows::{
    logs::{self, Channel, ReadEvent},
    scenario::{self, Run, Scenario, built_in},
    tenant::Activity,
    why::{self, Explanation, Likely},
};

use crate::{
    AppError, Exit, Output,
    operation::ScenarioSource,
    output::{count, table},
};

/// What built-in files begin with.
const SCHEMA_LINE: &str = "#:schema ../../../docs/scenario.schema.json\n";

/// What scenarios are run with where no seed is given.
const SEED: &[u8] = b"softhello scenario";

pub(crate) fn list() -> Result<Output, AppError> {
    let mut rows = vec![vec!["NAME".to_owned(), "WHAT HAPPENS".to_owned()]];
    let mut json = Vec::new();
    for (name, text) in built_in::ALL {
        let scenario = read(name, text)?;
        rows.push(vec![(*name).to_owned(), scenario.title.clone()]);
        json.push(json!({
            "name": name,
            "title": scenario.title,
            "sources": scenario.sources,
            "facts": scenario.facts,
            "assumed": scenario.assumed,
        }));
    }
    Ok(Output::new(json!({ "scenarios": json }), table(&rows)))
}

pub(crate) fn show(source: &ScenarioSource) -> Result<Output, AppError> {
    let (name, text) = named(source)?;
    // A built-in file names its schema by a path in this repository.
    let text = text.strip_prefix(SCHEMA_LINE).unwrap_or(text).trim();
    Ok(Output::new(json!({ "name": name, "toml": text }), text))
}

pub(crate) fn schema() -> Output {
    let schema = scenario::schema();
    let text = format!("{schema:#}");
    Output::new(schema, text)
}

pub(crate) fn check(source: &ScenarioSource) -> Result<Output, AppError> {
    let (name, text) = named(source)?;
    let scenario = read(name, text)?;
    let steps = scenario.steps.len();
    let text = format!("{name} can be run: {}, {}", scenario.title, count(steps, "step"));
    Ok(Output::new(json!({ "name": name, "title": scenario.title, "steps": steps }), text))
}

pub(crate) async fn run(
    source: &ScenarioSource,
    seed: Option<&[u8]>,
    report: Option<&Path>,
    logs: Option<&Path>,
) -> Result<Output, AppError> {
    // A report that cannot be written is found before anything is run.
    let write = report.map(writer).transpose()?;
    let (name, text) = named(source)?;
    let run = ran(name, text, seed).await?;
    if let (Some(path), Some(write)) = (report, write) {
        save(path, &write(&run))?;
    }
    if let Some(folder) = logs {
        export(folder, &run)?;
    }
    let output = Output::new(scenario::to_json(&run), scenario::to_text(&run));
    Ok(if run.is_met() { output } else { output.with_exit(Exit::Refused) })
}

/// All built-in scenarios, each with whether it came out as expected.
pub(crate) async fn run_all(seed: Option<&[u8]>) -> Result<Output, AppError> {
    let (mut json, mut lines, mut unmet) = (Vec::new(), Vec::new(), 0);
    for (name, text) in built_in::ALL {
        let run = ran(name, text, seed).await?;
        json.push(json!({
            "name": name,
            "title": run.title,
            "met": run.is_met(),
            "causes": run.causes.iter().map(|(_, cause)| cause.id()).collect::<Vec<_>>(),
        }));
        lines.push(format!("{:<5} {name:<30} {}", if run.is_met() { "ok" } else { "UNMET" }, run.title));
        for (number, step) in (1..).zip(&run.steps) {
            lines.extend(step.unmet.iter().map(|line| format!("      step {number}: {line}")));
        }
        unmet += usize::from(!run.is_met());
    }
    lines.push(format!("{} scenarios, {} as expected", json.len(), json.len() - unmet));
    let output = Output::new(json!({ "scenarios": json }), lines.join("\n"));
    Ok(if unmet == 0 { output } else { output.with_exit(Exit::Refused) })
}

async fn ran(name: &str, toml: &str, seed: Option<&[u8]>) -> Result<Run, AppError> {
    let scenario = read(name, toml)?;
    scenario::run(name, &scenario, seed.unwrap_or(SEED)).await.map_err(|error| {
        AppError::usage(
            format!("{name}: {error}"),
            "change that step, or one before it; `softhello scenario list` has examples",
        )
    })
}

/// What writes a report of the kind that a file's name says.
fn writer(path: &Path) -> Result<fn(&Run) -> String, AppError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    Ok(match extension.as_deref() {
        Some("html" | "htm") => scenario::to_html,
        Some("md") => scenario::to_markdown,
        Some("json") => |run| format!("{:#}\n", scenario::to_json(run)),
        _ => {
            return Err(AppError::usage(
                format!("`{}` does not say which kind of report", path.display()),
                "name it FILE.html, FILE.md or FILE.json",
            ));
        }
    })
}

/// Writes every log into a folder: the computer's as Windows exports them and as JSON, the tenant's as JSON.
fn export(folder: &Path, run: &Run) -> Result<(), AppError> {
    let events: Vec<_> = run.steps.iter().flat_map(|step| step.outcome.log.iter().cloned()).collect();
    for channel in Channel::ALL {
        let of_channel: Vec<_> =
            events.iter().filter(|event| event.entry.channel == channel).cloned().collect();
        let name = channel.name().replace('/', "%4");
        save(&folder.join(format!("{name}.xml")), &logs::to_xml(&of_channel, &run.computer))?;
    }
    let audit: Vec<_> = run.steps.iter().flat_map(|step| &step.outcome.audit).collect();
    let sign_ins: Vec<_> = run.steps.iter().flat_map(|step| &step.outcome.sign_ins).collect();
    save(&folder.join("events.json"), &format!("{:#}\n", logs::to_json(&events)))?;
    save(&folder.join("audit.json"), &format!("{:#}\n", json!({ "value": audit })))?;
    save(&folder.join("sign-ins.json"), &format!("{:#}\n", json!({ "value": sign_ins })))
}

fn save(path: &Path, text: &str) -> Result<(), AppError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .map_err(|error| AppError::io(format_args!("make the folder {}", folder.display()), &error))?;
    }
    fs::write(path, text).map_err(|error| AppError::io(format_args!("write {}", path.display()), &error))
}

/// The name and the text of a scenario.
fn named(source: &ScenarioSource) -> Result<(&str, &str), AppError> {
    Ok(match source {
        ScenarioSource::Name(name) => (name, built_in::text(name).ok_or_else(|| unknown(name))?),
        ScenarioSource::File { name, toml } => (name, toml),
    })
}

fn read(name: &str, toml: &str) -> Result<Scenario, AppError> {
    Scenario::from_toml(toml).map_err(|error| {
        let place = error.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
        AppError::usage(format!("{place}: {}", error.reason), error.hint)
    })
}

fn unknown(name: &str) -> AppError {
    let near = built_in::near(name).map_or_else(String::new, |near| format!("do you mean `{near}`? "));
    AppError::usage(
        format!("there is no scenario `{name}`"),
        format!("{near}`softhello scenario list` shows all; a file is named with a folder or its `.toml`"),
    )
}

/// What a code or a text means.
pub(crate) fn why(code: &str) -> Result<Output, AppError> {
    let found = why::why(code).map_err(|unknown| {
        let hint = match unknown.near.as_slice() {
            [] => "give a code, an event id, or a part of what a person sees".to_owned(),
            near => format!("do you mean {}?", near.join(", ")),
        };
        AppError::usage(unknown.to_string(), hint)
    })?;
    let text: Vec<String> = found.iter().map(explained).collect();
    Ok(Output::new(
        json!({ "explanations": found.iter().map(in_json).collect::<Vec<_>>() }),
        text.join("\n\n"),
    ))
}

fn in_json(found: &Explanation) -> Value {
    json!({
        "code": found.code,
        "layer": found.layer,
        "meaning": found.meaning,
        "chain": found.chain,
        "causes": found.causes.iter().map(|cause| json!({
            "id": cause.id(), "sentence": cause.sentence(), "fix": cause.fix(),
        })).collect::<Vec<_>>(),
        "scenarios": found.scenarios,
    })
}

/// The most causes and scenarios that are shown of each code; the JSON has all.
const SHOWN: usize = 6;

fn explained(found: &Explanation) -> String {
    let mut lines = vec![format!("{} ({})", found.code, found.layer), format!("  {}", found.meaning)];
    if !found.chain.is_empty() {
        lines.push("  chain:".to_owned());
        lines.extend(found.chain.iter().map(|link| format!("    {link}")));
    }
    for cause in found.causes.iter().take(SHOWN) {
        lines.push(format!("  cause: {}", cause.sentence()));
        lines.push(format!("    fix: {}", cause.fix()));
    }
    lines.extend(more(found.causes.len(), "causes"));
    if !found.scenarios.is_empty() {
        lines.push("  reproduce it:".to_owned());
        let shown = || found.scenarios.iter().take(SHOWN);
        let width = shown().map(String::len).max().unwrap_or_default();
        lines.extend(shown().map(|name| {
            format!("    softhello scenario run {name:<width$}  # {}", why::title(name).unwrap_or_default())
        }));
        lines.extend(more(found.scenarios.len(), "scenarios"));
    }
    lines.join("\n")
}

fn more(count: usize, what: &str) -> Option<String> {
    count
        .checked_sub(SHOWN)
        .filter(|more| *more > 0)
        .map(|more| format!("    and {more} more {what}, with --json"))
}

/// Which scenarios an exported log looks like.
pub(crate) fn why_events(name: &str, text: &str) -> Result<Output, AppError> {
    const HINT: &str = "export a log in Event Viewer as XML, filtered if it is long, or Entra's audit or sign-in log as JSON";
    if text.len() > ReadEvent::MAX_SIZE {
        let reason = format!("{name}: it has more than {} MiB", ReadEvent::MAX_SIZE / 1024 / 1024);
        return Err(AppError::usage(reason, "filter it: `wevtutil qe LOG /q:QUERY` gives a part"));
    }
    let export = Export::read(text.trim_start_matches('\u{feff}'))
        .map_err(|reason| AppError::usage(format!("{name}: {reason}"), HINT))?;
    let likely = export.likely();
    let mut lines = Vec::new();
    for found in likely.iter().take(SHOWN) {
        lines.push(match found.cause {
            Some(cause) => format!("{}: {}", found.scenario, cause.sentence()),
            None => format!("{}: nothing goes wrong", found.scenario),
        });
        lines.push(format!("  softhello scenario run {}", found.scenario));
    }
    lines.extend(more(likely.len(), "scenarios"));
    let errors = export.errors();
    if likely.is_empty() {
        lines.push(format!("{} entries, and no scenario has them in this order", export.len()));
        lines.extend(errors.iter().map(|error| format!("\n{}", explained(error))));
    } else if errors.is_empty() && matches!(export, Export::Events(_)) {
        lines.push(
            "no failure in this log: a tenant that took no passkey leaves none on the computer".to_owned(),
        );
    }
    let json = json!({
        "entries": export.len(),
        "likely": likely,
        "errors": errors.iter().map(in_json).collect::<Vec<_>>(),
    });
    Ok(Output::new(json, lines.join("\n")))
}

/// What an exported log has that is known here, the oldest first.
enum Export {
    Events(Vec<ReadEvent>),
    Activities(Vec<Activity>),
    /// As `Passkey (device-bound): failure`.
    SignIns(Vec<String>),
}

impl Export {
    fn read(text: &str) -> Result<Self, String> {
        if !text.trim_start().starts_with(['[', '{']) {
            return logs::read_xml(text).map(Self::Events).map_err(|error| error.to_string());
        }
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let list = json.as_array().or_else(|| json.get("value").and_then(Value::as_array));
        let list = list.ok_or("it is no list of entries")?;
        if list.is_empty() {
            return Err("nothing was logged".to_owned());
        }
        let events: Vec<ReadEvent> = list.iter().filter_map(event).collect();
        if !events.is_empty() {
            return Ok(Self::Events(logs::in_order(events, |event| event.time.as_str())));
        }
        let activities: Vec<(String, Activity)> = list
            .iter()
            .filter_map(|entry| {
                let name = entry.get("activityDisplayName")?;
                let time = member(entry, &["activityDateTime"]);
                Some((time, serde_json::from_value(name.clone()).ok()?))
            })
            .collect();
        if !activities.is_empty() {
            let activities = logs::in_order(activities, |(time, _)| time.as_str());
            return Ok(Self::Activities(activities.into_iter().map(|(_, activity)| activity).collect()));
        }
        let sign_ins: Vec<(String, String)> = list
            .iter()
            .filter_map(|entry| {
                let method = entry.get("authenticationMethod").and_then(Value::as_str)?;
                let failed = entry.get("failureReason").is_some_and(|reason| !reason.is_null());
                let result = if failed { "failure" } else { "success" };
                Some((member(entry, &["createdDateTime"]), format!("{method}: {result}")))
            })
            .collect();
        if sign_ins.is_empty() {
            let reason = "none of its entries is an event of Windows, an activity or a sign-in of Entra that is known here";
            return Err(reason.to_owned());
        }
        let sign_ins = logs::in_order(sign_ins, |(time, _)| time.as_str());
        Ok(Self::SignIns(sign_ins.into_iter().map(|(_, entry)| entry).collect()))
    }

    fn len(&self) -> usize {
        match self {
            Self::Events(events) => events.len(),
            Self::Activities(activities) => activities.len(),
            Self::SignIns(entries) => entries.len(),
        }
    }

    fn likely(&self) -> Vec<Likely> {
        match self {
            Self::Events(events) => why::of_events(events),
            Self::Activities(activities) => why::of_activities(activities),
            Self::SignIns(entries) => why::of_sign_ins(entries),
        }
    }

    fn errors(&self) -> Vec<Explanation> {
        match self {
            Self::Events(events) => why::errors_of(events),
            _ => Vec::new(),
        }
    }
}

/// An event as we write it, or as `Get-WinEvent | ConvertTo-Json` does.
fn event(entry: &Value) -> Option<ReadEvent> {
    let id = entry.get("eventId").or_else(|| entry.get("Id"))?;
    let data = entry.get("data").and_then(Value::as_object).into_iter().flatten();
    Some(ReadEvent {
        id: id.as_u64().and_then(|id| u16::try_from(id).ok())?,
        channel: member(entry, &["channel", "LogName", "ProviderName"]),
        time: member(entry, &["time", "TimeCreated"]),
        fields: data.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
    })
}

/// The first member of these names that is a text.
fn member(entry: &Value, names: &[&str]) -> String {
    names.iter().find_map(|name| entry.get(name)?.as_str()).unwrap_or_default().to_owned()
}
