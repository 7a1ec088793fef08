//! Tables of refusals, one row for each failing step of a command.

use softhello_ctap::{Setting, Status};

use crate::bench::{Bench, Call, Reply, Request};

/// A request that some step ends.
pub(crate) struct Refusal<'a> {
    /// Which: `6.5.5.5 2 a PIN is set already` for step 2 of §6.5.5.5. What follows says when.
    pub(crate) name: &'a str,
    pub(crate) bench: Bench,
    pub(crate) request: Box<dyn Fn(&mut Bench) -> Request + 'a>,
    pub(crate) status: Status,
    pub(crate) reason: &'a str,
}

pub(crate) fn refusal<'a>(
    name: &'a str,
    bench: Bench,
    request: impl Fn(&mut Bench) -> Request + 'a,
    status: Status,
    reason: &'a str,
) -> Refusal<'a> {
    Refusal { name, bench, request: Box::new(request), status, reason }
}

/// Each is refused by the step that its name begins with, and changes nothing but the attempts that are left.
pub(crate) fn assert_refused(refusals: impl IntoIterator<Item = Refusal<'static>>) {
    for Refusal { name, mut bench, request, status, reason } in refusals {
        let request = request(&mut bench);
        let (settings, credentials) = (bench.settings().clone(), bench.host.credentials.len());
        let reply = bench.send(&request.bytes());
        assert_refused_by(&reply, name, status, reason);
        let attempts = |call: &Call| match call {
            Call::Presence(_) | Call::Verify(_) | Call::Sample(_) | Call::Select | Call::ConfirmReset(_) => {
                true
            }
            Call::UvRetries(_) => true,
            Call::Set(setting) => {
                matches!(setting, Setting::PinRetries(_) | Setting::UvCountSinceLastPinEntry(_))
            }
            // A key that is thrown away again leaves no trace.
            Call::Generate(_) => true,
            _ => false,
        };
        let effects: Vec<_> = reply.effects().into_iter().filter(|call| !attempts(call)).collect();
        assert_eq!(effects, [], "{name}: a refusal changes nothing");
        let unchanged = |settings: &softhello_ctap::Settings| softhello_ctap::Settings {
            pin_retries: None,
            uv_count_since_last_pin_entry: 0,
            ..settings.clone()
        };
        assert_eq!(unchanged(bench.settings()), unchanged(&settings), "{name}");
        assert_eq!(bench.host.credentials.len(), credentials, "{name}");
    }
}

/// The reply is this refusal, by the step that `name` begins with.
#[track_caller]
pub(crate) fn assert_refused_by(reply: &Reply, name: &str, status: Status, reason: &str) {
    reply.assert_refused(name, status);
    assert_eq!(reply.reason(), reason, "{name}");
    let step = reply.steps.last().expect("a refusal is noted").step;
    let (section, rest) = name.split_once(' ').expect("a section");
    let (number, _) = rest.split_once(' ').expect("a step");
    assert_eq!((step.section, step.number), (section, number), "{name}");
}
