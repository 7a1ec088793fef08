//! performBuiltInUv. Source: CTAP 2.3 §6.5.3.1.

use super::refuse;
use crate::{Answer, Change, ChangeSet, Denied, Gesture, Host, Outcome, Profile, State, Step};

static BLOCKED: Step =
    Step { section: "6.5.3.1", number: "1", rule: "with no uvRetries left, verification is disabled" };
static DECREMENT: Step = Step {
    section: "6.5.3.1",
    number: "4.1",
    rule: "uvRetries goes down before the attempt, and durably, so that cutting the power wins nothing",
};
static ATTEMPT: Step = Step {
    section: "6.5.3.1",
    number: "4.2",
    rule: "one gesture; success restores uvRetries, a mismatch goes on while attempts are left",
};

/// Verifies the user with `internalRetry`.
pub(super) async fn perform(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    rp_id: &str,
) -> Result<(), Denied> {
    let mut retries = state.uv_retries;
    if retries == 0 {
        return Err(refuse(host, &BLOCKED, Denied::UvBlocked));
    }
    for _ in 0..profile.max_uv_attempts.min(retries) {
        let before = retries;
        retries -= 1;
        host.commit(ChangeSet::one(Change::UvRetries(retries))).await?;
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
        // Departs from §6.5.3.1, which leaves uvRetries lowered: nothing was compared, and Windows Hello counts
        // only wrong entries.
        host.commit(ChangeSet::one(Change::UvRetries(before))).await?;
        return Err(refuse(host, &ATTEMPT, denied));
    }
    let denied = if retries == 0 { Denied::UvBlocked } else { Denied::UvFailed { retries } };
    Err(refuse(host, &ATTEMPT, denied))
}
