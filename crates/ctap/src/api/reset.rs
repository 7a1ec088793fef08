//! authenticatorReset (0x07). Source: CTAP 2.3 §6.6.

use super::{ok, refuse, selection::confirm};
use crate::{Change, ChangeSet, Denied, Gesture, Host, Outcome, Profile, SealingKey, Session, Step};

static WINDOW: Step = Step {
    section: "6.6",
    number: "2",
    rule: "without a display the request must come within 10 seconds of power-up, else NOT_ALLOWED",
};
static CONFIRM: Step =
    Step { section: "6.6", number: "3", rule: "the user confirms; a timeout is USER_ACTION_TIMEOUT" };
static ERASE: Step = Step {
    section: "6.6",
    number: "4",
    rule: "all credentials and the PIN are erased; a new sealing key invalidates non-discoverable ones",
};

/// How long after power-up a reset is possible, in milliseconds; exactly so long still passes.
const WINDOW_MS: u64 = 10_000;

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &Session,
) -> Result<Vec<u8>, Denied> {
    let since_power_up = host.now().0.saturating_sub(session.powered_up.0);
    if profile.reset_at_any_time {
        host.note(&WINDOW, Outcome::Skipped("this authenticator can say on its display what it is asked"));
    } else if since_power_up > WINDOW_MS {
        return Err(refuse(host, &WINDOW, Denied::ResetTooLate));
    }
    confirm(host, &CONFIRM, Gesture::Reset).await?;
    let mut sealing_key = [0; 32];
    host.random(&mut sealing_key);
    let sealing_key = SealingKey::from_bytes(sealing_key);
    host.commit(ChangeSet::one(Change::Reset { sealing_key, uv_retries: profile.max_uv_retries })).await?;
    host.note(&ERASE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}
