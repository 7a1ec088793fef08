//! A device that several transports and programs use.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use softhello_ctap::{Authenticator, Channel, Exchange, Status, apdu::StatusWord};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};

use crate::{Control, Device, DeviceProfile, Faults, Listener, User};

/// A device that several transports and programs use, one command at a time. Its clones are the same device.
#[derive(Clone)]
pub struct SharedDevice(Arc<Shared>);

struct Shared {
    device: Mutex<Device>,
    profile: Arc<DeviceProfile>,
    control: Control,
    /// How often the power was cycled.
    power_cycles: watch::Sender<u64>,
}

/// Who is before the device for the length of a command instead of its own user, and who hears of it.
#[derive(Default)]
pub struct Visitor {
    /// The user; the device's own if absent.
    pub user: Option<User>,
    /// Whoever hears of the command. The device's own listener does not.
    pub listener: Option<Listener>,
}

impl SharedDevice {
    /// Shares a device.
    pub fn new(device: Device) -> Self {
        Self(Arc::new(Shared {
            profile: device.shared_profile(),
            control: device.control(),
            power_cycles: watch::Sender::new(0),
            device: Mutex::new(device),
        }))
    }

    /// What the device is.
    pub fn profile(&self) -> &DeviceProfile {
        &self.0.profile
    }

    /// Cuts the power and gives it back: commands under way end without an answer, and volatile state is forgotten.
    pub async fn power_cycle(&self) {
        // Whoever carries a command out drops it when it hears of this, and so frees the device.
        self.0.power_cycles.send_modify(|cycles| *cycles += 1);
        self.0.device.lock().await.power_cycle();
    }

    /// Hears of every power cycle. Whoever has a command under way then has to drop it.
    pub fn power_cycles(&self) -> watch::Receiver<u64> {
        self.0.power_cycles.subscribe()
    }

    /// Hears of every change of whether the device waits for its user.
    pub fn awaits_user(&self) -> watch::Receiver<bool> {
        self.0.control.watch()
    }

    /// Ends every token in use, as a changed PIN does.
    pub async fn reset_tokens(&self) {
        self.0.device.lock().await.reset_tokens();
    }

    /// Does these things wrong from now on.
    pub async fn set_faults(&self, faults: Faults) {
        self.0.device.lock().await.set_faults(faults);
    }

    /// Replaces the device's own listener.
    pub async fn set_listener(&self, listener: Listener) {
        self.0.device.lock().await.set_listener(listener);
    }

    /// Carries out a CTAP2 request. Nothing happens before the future of [`Command::run`] is polled.
    pub fn command(&self) -> Command {
        Command { device: self.clone(), running: AtomicBool::new(false), cancelled: Notify::new() }
    }

    /// Answers a U2F message.
    pub async fn message(&self, from: Channel, apdu: &[u8]) -> Vec<u8> {
        self.0.device.lock().await.message(from, apdu).await
    }

    /// Answers a CTAP2 request with someone else before the device.
    pub async fn exchange_with(&self, visitor: &mut Visitor, from: Channel, request: &[u8]) -> Exchange {
        let unanswered = Exchange { response: Vec::new(), cause: None };
        self.until_power_cycle(unanswered, async {
            let mut visit = Visit::begin(self.0.device.lock().await, visitor);
            visit.device.exchange(from, request).await
        })
        .await
    }

    /// Answers a U2F message with someone else before the device.
    pub async fn message_with(&self, visitor: &mut Visitor, from: Channel, apdu: &[u8]) -> Vec<u8> {
        let unanswered = StatusWord::OTHER.0.to_be_bytes().to_vec();
        self.until_power_cycle(unanswered, async {
            let mut visit = Visit::begin(self.0.device.lock().await, visitor);
            visit.device.message(from, apdu).await
        })
        .await
    }

    /// A power cycle ends whatever is under way without an answer.
    async fn until_power_cycle<T>(&self, unanswered: T, under_way: impl Future<Output = T>) -> T {
        let mut power_cycles = self.power_cycles();
        tokio::select! {
            biased;
            answer = under_way => answer,
            _ = power_cycles.changed() => unanswered,
        }
    }
}

/// A visitor before the device, until the command ends or is dropped.
struct Visit<'a> {
    device: MutexGuard<'a, Device>,
    visitor: &'a mut Visitor,
}

impl<'a> Visit<'a> {
    fn begin(mut device: MutexGuard<'a, Device>, visitor: &'a mut Visitor) -> Self {
        device.swap(visitor);
        Self { device, visitor }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.device.swap(self.visitor);
    }
}

/// One CTAP2 command on a shared device.
#[derive(Debug)]
pub struct Command {
    device: SharedDevice,
    /// The device works for this command, and for no other.
    running: AtomicBool,
    cancelled: Notify,
}

impl Command {
    /// Waits for the device and carries the request out.
    pub async fn run(&self, from: Channel, request: &[u8]) -> Vec<u8> {
        let mut device = tokio::select! {
            biased;
            () = self.cancelled.notified() => return vec![Status::KeepaliveCancel.code()],
            device = self.device.0.device.lock() => device,
        };
        self.running.store(true, Ordering::SeqCst);
        device.exchange(from, request).await.response
    }

    /// Cancels it: it ends by its own path, with an answer.
    pub fn cancel(&self) {
        match self.is_running() {
            true => self.device.0.control.cancel(),
            false => self.cancelled.notify_one(),
        }
    }

    /// Whether the device waits for its user, for this command.
    pub fn awaits_user(&self) -> bool {
        self.is_running() && self.device.0.control.awaits_user()
    }

    fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst)
    }
}

impl Authenticator for SharedDevice {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        self.0.device.lock().await.exchange(from, request).await
    }

    fn message(&mut self, from: Channel, apdu: &[u8]) -> impl Future<Output = Vec<u8>> + Send {
        Self::message(self, from, apdu)
    }
}

impl fmt::Debug for SharedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedDevice").field(&self.0.profile.ctap.name).finish()
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").field("user", &self.user).finish_non_exhaustive()
    }
}
