//! performBuiltInUv. Source: CTAP 2.3 §6.5.3.1.

use crate::{
    Answer, Change, ChangeSet, Denied, Gesture, Host, Outcome, Profile, Setting, State, UserVerification,
    step::steps,
};

/// Verifies the user, with several attempts if `internal_retry`.
///
/// The refusal is [`Denied::UvBlocked`] if no attempts are left, [`Denied::UvFailed`] if the user did not match,
/// [`Denied::UvTimeout`], [`Denied::UserDeclined`] or [`Denied::Cancelled`]. What it means for the command is for the
/// caller to say, and to note.
pub(super) async fn perform(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    rp_id: Option<&str>,
    internal_retry: bool,
) -> Result<(), Denied> {
    let mut retries = state.uv_retries;
    if retries == 0 {
        host.note(&BLOCKED, Outcome::Chose("no attempts are left"));
        return Err(Denied::UvBlocked);
    }
    host.note(&BLOCKED, Outcome::Passed);
    let pin_blocked =
        profile.client_pin && state.settings.pin.is_some() && state.settings.pin_retries(profile) == 0;
    if pin_blocked {
        host.commit(ChangeSet::one(Change::UvRetries(0))).await?;
        host.note(&PIN_BLOCKED, Outcome::Chose("no attempts at the PIN are left"));
        return Err(Denied::UvBlocked);
    }
    let attempts = if internal_retry { profile.max_uv_attempts } else { 1 };
    let mut count = state.settings.uv_count_since_last_pin_entry;
    for _ in 0..attempts.min(retries) {
        let before = retries;
        retries -= 1;
        count = count.saturating_add(1);
        host.commit(attempt(profile, retries, count)).await?;
        host.note(&DECREMENT, Outcome::Passed);
        let denied = match host.ask(Gesture::Verify { rp_id, attempts_left: retries }).await {
            Answer::Given => {
                host.commit(ChangeSet::one(Change::UvRetries(profile.max_uv_retries))).await?;
                host.note(&ATTEMPT, Outcome::Passed);
                return Ok(());
            }
            Answer::Wrong => {
                host.note(&ATTEMPT, Outcome::Chose("no match"));
                continue;
            }
            Answer::Declined => Denied::UserDeclined,
            Answer::TimedOut => Denied::UvTimeout,
            Answer::Cancelled => Denied::Cancelled,
        };
        if profile.user_verification == UserVerification::Pin {
            // Departs from §6.5.3.1, which leaves uvRetries lowered: nothing was compared, and Windows Hello counts
            // only wrong entries.
            host.commit(ChangeSet::one(Change::UvRetries(before))).await?;
        }
        host.note(&ATTEMPT, Outcome::Chose("no gesture"));
        return Err(denied);
    }
    Err(if retries == 0 { Denied::UvBlocked } else { Denied::UvFailed { retries } })
}

/// An attempt taken away, and counted where the profile counts.
fn attempt(profile: &Profile, retries: u8, count: u32) -> ChangeSet {
    let mut changes = ChangeSet::one(Change::UvRetries(retries));
    if profile.counts_uv {
        changes.0.push(Change::Set(Setting::UvCountSinceLastPinEntry(count)));
    }
    changes
}

steps! {
    BLOCKED = "6.5.3.1" "1" "with no uvRetries left, verification is disabled";
    PIN_BLOCKED = "6.5.3.1" "3" "with a PIN set and no pinRetries left, uvRetries goes to 0 as well";
    DECREMENT = "6.5.3.1" "4.1" "uvRetries goes down before the attempt, and durably, so that cutting the power wins nothing";
    ATTEMPT = "6.5.3.1" "4.2" "one gesture; success restores uvRetries, a mismatch goes on while attempts are left";
}
