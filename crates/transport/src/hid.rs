//! CTAPHID on a device, whatever carries its reports.

use std::{future::Future, io};

use rand::Rng as _;
use softhello_ctap::{
    Channel, Timestamp, Transport,
    hid::{Action, Machine, Options, Report},
};
use softhello_device::SharedDevice;
use tokio::time::{Duration, Instant};

use crate::{
    Alarm,
    work::{Work, answer},
};

/// Carries reports from hosts.
pub(crate) trait Incoming {
    /// Tells hosts apart.
    type Peer: Copy + Send;

    /// The next thing that a host sends. Cancel-safe.
    fn receive(&mut self) -> impl Future<Output = io::Result<Received<Self::Peer>>> + Send;
}

/// Carries reports to hosts.
pub(crate) trait Outgoing<P> {
    /// Sends one report. Cancel-safe: it is sent whole or not at all.
    fn send(&self, peer: P, report: &Report) -> impl Future<Output = io::Result<()>> + Send;
}

/// What a host sends.
pub(crate) enum Received<P> {
    /// A report.
    Report(P, Report),
    /// The first report of a new host, where there is one host at a time: what the last one left is of no use.
    First(P, Report),
    /// The command to cut the power and give it back.
    PowerCycle,
}

/// So many reports wait for a host that does not read; after that they are lost, as with hardware.
const MAX_WAITING: usize = 1024;

/// Serves hosts until the transport fails.
pub(crate) async fn serve<I: Incoming>(
    incoming: &mut I,
    outgoing: &impl Outgoing<I::Peer>,
    device: &SharedDevice,
    options: Options,
) -> io::Result<()> {
    let began = Instant::now();
    let now = || Timestamp(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    let mut alarm = Alarm::new();
    let mut machine = Machine::new(options);
    let mut work: Option<Work> = None;
    let mut waiting: Option<(I::Peer, Report)> = None;
    let mut awaits_user = device.awaits_user();
    let mut power_cycles = device.power_cycles();
    loop {
        if waiting.is_none() {
            waiting = machine.outgoing();
        }
        let deadline = machine.deadline().map(|deadline| began + Duration::from_millis(deadline.0));
        let (peer, report) = tokio::select! {
            biased;
            _ = power_cycles.changed() => {
                (machine, work, waiting) = (Machine::new(options), None, None);
                continue;
            }
            response = answer(&mut work) => {
                work = None;
                machine.respond(&response);
                continue;
            }
            sent = send(outgoing, waiting) => {
                sent?;
                waiting = None;
                continue;
            }
            _ = awaits_user.changed(), if work.is_some() => {
                machine.status_changed(now(), work.as_ref().is_some_and(Work::awaits_user));
                continue;
            }
            () = alarm.at(deadline) => {
                machine.tick(now(), work.as_ref().is_some_and(Work::awaits_user));
                continue;
            }
            received = incoming.receive() => match received? {
                Received::Report(peer, report) => (peer, report),
                Received::First(peer, report) => {
                    (machine, work, waiting) = (Machine::new(options), None, None);
                    (peer, report)
                }
                Received::PowerCycle => {
                    (machine, work, waiting) = (Machine::new(options), None, None);
                    device.power_cycle().await;
                    power_cycles.mark_unchanged();
                    continue;
                }
            },
        };
        if machine.waiting() > MAX_WAITING {
            machine.discard_outgoing();
        }
        match machine.receive(peer, &report, now(), &mut |out| rand::rng().fill_bytes(out)) {
            Some(Action::Cbor { cid, request }) => work = Some(Work::command(device, channel(cid), request)),
            Some(Action::Message { cid, apdu }) => work = Some(Work::message(device, channel(cid), apdu)),
            Some(Action::Cancel) => work.iter().for_each(Work::cancel),
            Some(Action::Abort) => work = None,
            Some(Action::Wink) | None => {}
        }
    }
}

fn channel(cid: u32) -> Channel {
    Channel { transport: Transport::Usb, id: cid }
}

async fn send<P>(outgoing: &impl Outgoing<P>, waiting: Option<(P, Report)>) -> io::Result<()> {
    match waiting {
        Some((peer, report)) => outgoing.send(peer, &report).await,
        None => std::future::pending().await,
    }
}
