//! Evidence of user interaction.

use super::refuse;
use crate::{Answer, Denied, Gesture, Host, Outcome, Profile, Step};

/// Asks for presence; a decline or timeout is OPERATION_DENIED, a cancel KEEPALIVE_CANCEL.
pub(super) async fn ask(
    host: &mut impl Host,
    profile: &Profile,
    step: &'static Step,
    rp_id: &str,
) -> Result<(), Denied> {
    wait(host, profile, step, Gesture::Presence { rp_id }).await?;
    host.note(step, Outcome::Passed);
    Ok(())
}

/// The same without a word if the gesture was made: the step goes on.
pub(super) async fn wait(
    host: &mut impl Host,
    profile: &Profile,
    step: &'static Step,
    gesture: Gesture<'_>,
) -> Result<(), Denied> {
    let denied = match host.ask(gesture).await {
        Answer::Given => return Ok(()),
        Answer::Wrong | Answer::Declined => Denied::UserDeclined,
        Answer::TimedOut if profile.user_action_timeout => Denied::UserActionTimeout,
        Answer::TimedOut => Denied::UserTimeout,
        Answer::Cancelled => Denied::Cancelled,
    };
    Err(refuse(host, step, denied))
}
