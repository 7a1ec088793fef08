//! authenticatorReset (0x07). Source: CTAP 2.3 §6.6.

use super::{ok, refuse, selection::confirm};
use crate::{
    Change, ChangeSet, Channel, Denied, Gesture, Host, Outcome, Profile, SealingKey, Session, Settings,
    settings::drawn, step::steps,
};

/// How long after power-up a reset is possible, in milliseconds; exactly so long still passes.
const WINDOW_MS: u64 = 10_000;

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
) -> Result<Vec<u8>, Denied> {
    // A channel over none of its transports is this process itself.
    let enabled = profile.transports_for_reset.as_ref().unwrap_or(&profile.transports);
    if profile.transports.contains(&from.transport) && !enabled.contains(&from.transport) {
        return Err(refuse(host, &TRANSPORT, Denied::ResetTransport { transport: from.transport }));
    }
    host.note(&TRANSPORT, Outcome::Passed);
    let since_power_up = host.now().0.saturating_sub(session.powered_up.0);
    if profile.reset_at_any_time {
        host.note(&WINDOW, Outcome::Skipped("this authenticator can say on its display what it is asked"));
    } else if since_power_up > WINDOW_MS {
        return Err(refuse(host, &WINDOW, Denied::ResetTooLate));
    } else {
        host.note(&WINDOW, Outcome::Passed);
    }
    let long_touch = host.state().await?.settings.long_touch_for_reset(profile) == Some(true);
    confirm(host, &CONFIRM, Gesture::Reset { long_touch }).await?;
    let reset = Change::Reset {
        sealing_key: SealingKey::from_bytes(drawn(&mut |out| host.random(out))),
        uv_retries: profile.max_uv_retries,
        settings: Box::new(Settings::new(profile, &mut |out| host.random(out))),
    };
    host.commit(ChangeSet::one(reset)).await?;
    session.forget();
    host.note(&ERASE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

steps! {
    TRANSPORT = "6.6" "1" "over a transport that is not in transportsForReset it is OPERATION_DENIED";
    WINDOW = "6.6" "2" "without a display the request must come within 10 seconds of power-up, else NOT_ALLOWED";
    CONFIRM = "6.6" "3" "the user confirms, with a long touch if longTouchForReset; a timeout is USER_ACTION_TIMEOUT";
    ERASE = "6.6" "4" "credentials, PIN, tokens, fingerprints, blobs and settings are erased; a new sealing key invalidates non-discoverable credentials";
}
