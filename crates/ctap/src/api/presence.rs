//! Evidence of user interaction.

use super::refuse;
use crate::{Answer, Denied, Gesture, Host, Outcome, Step};

/// Asks for presence; a decline or timeout is OPERATION_DENIED, a cancel KEEPALIVE_CANCEL.
pub(super) async fn ask(host: &mut impl Host, step: &'static Step, rp_id: &str) -> Result<(), Denied> {
    let denied = match host.ask(Gesture::Presence { rp_id }).await {
        Answer::Given => {
            host.note(step, Outcome::Passed);
            return Ok(());
        }
        Answer::Wrong | Answer::Declined => Denied::UserDeclined,
        Answer::TimedOut => Denied::UserTimeout,
        Answer::Cancelled => Denied::Cancelled,
    };
    Err(refuse(host, step, denied))
}
