//! A device, and a user whose answer is withheld until it is given.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use softhello_ctap::Gesture;
use softhello_device::{
    Device, DeviceProfile, Prompt, PromptAnswer, Script, User, container_id, create_container,
};
use softhello_storage::memory;
use softhello_transport::SharedDevice;
use tokio::sync::watch;

/// Does what was last said; nothing until something was said.
struct Withheld(watch::Receiver<Option<Script>>);

impl Prompt for Withheld {
    fn ask<'a>(
        &'a mut self,
        _: Gesture<'a>,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(async {
            let said = self.0.wait_for(Option::is_some).await.unwrap();
            PromptAnswer::As(said.unwrap())
        })
    }
}

/// A device of a built-in profile, and what its user does.
pub(crate) async fn device(profile: &str) -> (SharedDevice, watch::Sender<Option<Script>>) {
    let store = memory();
    let profile = Arc::new(DeviceProfile::built_in(profile).unwrap());
    let container = container_id("ada", &profile.container, 0);
    create_container(&store, container, &profile, None, None).await.unwrap();
    let (user, said) = watch::channel(Some(Script::Approve));
    let device = Device::new(store, container, profile).with_user(User::Prompt(Box::new(Withheld(said))));
    (SharedDevice::new(device), user)
}

/// Fails if it takes longer than any test needs.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("an answer in time")
}
