//! authenticatorSelection (0x0B). Source: CTAP 2.3 §6.9.

use super::{ok, refuse};
use crate::{Answer, Denied, Gesture, Host, Outcome, Step, step::steps};

pub(super) async fn run(host: &mut impl Host) -> Result<Vec<u8>, Denied> {
    confirm(host, &SELECT, Gesture::Select).await?;
    Ok(ok(1).into_bytes())
}

/// Waits for a gesture whose timeout is USER_ACTION_TIMEOUT.
pub(super) async fn confirm(
    host: &mut impl Host,
    step: &'static Step,
    gesture: Gesture<'_>,
) -> Result<(), Denied> {
    let denied = match host.ask(gesture).await {
        Answer::Given => {
            host.note(step, Outcome::Passed);
            return Ok(());
        }
        Answer::Wrong | Answer::Declined => Denied::UserDeclined,
        Answer::TimedOut => Denied::UserActionTimeout,
        Answer::Cancelled => Denied::Cancelled,
    };
    Err(refuse(host, step, denied))
}

steps! {
    SELECT = "6.9" "1" "wait for the user's touch; an explicit denial is OPERATION_DENIED, a timeout USER_ACTION_TIMEOUT";
}
