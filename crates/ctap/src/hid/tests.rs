#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed, and says where"
)]

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::ChaCha20Rng};

use super::*;
use crate::{Profile, Timestamp, Version};

/// A machine, a clock and one peer. What is sent is put together again.
struct Desk {
    machine: Machine<()>,
    now: Timestamp,
    rng: ChaCha20Rng,
    awaits_user: bool,
}

/// A message from the device: channel, command, data.
type Sent = (u32, u8, Vec<u8>);

impl Desk {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options { capabilities: 0x05, version: [5, 4, 3], lenient: false };
        change(&mut options);
        let rng = ChaCha20Rng::seed_from_u64(1);
        Self { machine: Machine::new(options), now: Timestamp(1000), rng, awaits_user: false }
    }

    fn report(&mut self, report: &Report) -> Option<Action> {
        let rng = &mut self.rng;
        self.machine.receive((), report, self.now, &mut |out| rng.fill_bytes(out))
    }

    fn send(&mut self, cid: u32, command: u8, data: &[u8]) -> Option<Action> {
        let mut action = None;
        for report in reports(cid, command, data) {
            assert_eq!(action, None, "the last packet completes a message");
            action = self.report(&report);
        }
        action
    }

    fn tick(&mut self, millis: u64) {
        self.now.0 += millis;
        self.machine.tick(self.now, self.awaits_user);
    }

    /// Everything that was sent meanwhile.
    fn sent(&mut self) -> Vec<Sent> {
        let mut messages: Vec<Sent> = Vec::new();
        let mut open: Option<(u32, u8, usize, Vec<u8>)> = None;
        while let Some(((), report)) = self.machine.outgoing() {
            let (cid, packet) = packet(&report);
            match (packet, &mut open) {
                (Packet::Init { command, len, data }, None) => {
                    open = Some((cid, command, len, data[..len.min(INIT_DATA)].to_vec()));
                }
                (Packet::Cont { data, .. }, Some((of, _, len, all))) if *of == cid => {
                    let missing = *len - all.len();
                    all.extend_from_slice(&data[..missing.min(CONT_DATA)]);
                }
                (packet, _) => panic!("out of order: {packet:?}"),
            }
            if let Some((cid, command, len, data)) = open.take() {
                if data.len() < len {
                    open = Some((cid, command, len, data));
                } else {
                    messages.push((cid, command, data));
                }
            }
        }
        assert!(open.is_none(), "a message is sent whole");
        messages
    }

    fn init(&mut self) -> u32 {
        assert_eq!(self.send(BROADCAST, command::INIT, b"8 bytes!"), None);
        let [(BROADCAST, command::INIT, data)] = &self.sent()[..] else { panic!("one answer on broadcast") };
        assert_eq!(data[..8], *b"8 bytes!");
        assert_eq!(data[12..], [2, 5, 4, 3, 0x05]);
        u32::from_be_bytes(data[8..12].try_into().unwrap())
    }

    #[track_caller]
    fn assert_error(&mut self, cid: u32, error: HidError) {
        assert_eq!(self.sent(), [(cid, command::ERROR, vec![error as u8])]);
    }
}

fn cbor(cid: u32, request: &[u8]) -> Option<Action> {
    Some(Action::Cbor { cid, request: request.to_vec() })
}

#[test]
fn options_of_profiles() {
    let of = |versions: &[Version]| {
        let profile = Profile {
            versions: versions.to_vec(),
            firmware_version: Some(0x0502_0007),
            ..Profile::new("p", uuid::Uuid::nil())
        };
        let Options { capabilities, version, lenient } = Options::of(&profile);
        assert_eq!((version, lenient), ([2, 0, 7], false));
        capabilities
    };
    assert_eq!(of(&[Version::Fido20]), 0x01 | 0x04 | 0x08);
    assert_eq!(of(&[Version::U2fV2]), 0x01);
    assert_eq!(of(&[Version::U2fV2, Version::Fido23]), 0x01 | 0x04);
}

#[test]
fn messages_of_every_length_come_back() {
    let mut desk = Desk::new();
    let cid = desk.init();
    for len in [0, 1, 56, 57, 58, 115, 116, 117, 1024, MAX_MESSAGE - 1, MAX_MESSAGE] {
        let data: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        assert_eq!(desk.send(cid, command::PING, &data), None);
        assert_eq!(desk.sent(), [(cid, command::PING, data)], "{len} bytes");
    }
    assert_eq!(MAX_MESSAGE, 7609);
}

#[test]
fn a_request_and_its_response() {
    let mut desk = Desk::new();
    let cid = desk.init();
    assert_eq!(desk.send(cid, command::CBOR, &[4]), cbor(cid, &[4]));
    desk.machine.respond(&[0, 0xa0]);
    assert_eq!(desk.sent(), [(cid, command::CBOR, vec![0, 0xa0])]);
    assert_eq!(
        desk.send(cid, command::MSG, &[0, 3, 0, 0]),
        Some(Action::Message { cid, apdu: vec![0, 3, 0, 0] })
    );
    desk.machine.respond(&[0x90, 0]);
    assert_eq!(desk.sent(), [(cid, command::MSG, vec![0x90, 0])]);
    assert_eq!(desk.send(cid, command::WINK, &[]), Some(Action::Wink));
    assert_eq!(desk.sent(), [(cid, command::WINK, vec![])]);
    // A response is sent once, and one that no message holds is an error.
    desk.machine.respond(&[0]);
    assert_eq!(desk.sent(), []);
    desk.send(cid, command::CBOR, &[4]);
    desk.machine.respond(&[0; MAX_MESSAGE + 1]);
    desk.assert_error(cid, HidError::Other);
    assert_eq!(desk.machine.deadline(), None);
}

#[test]
fn channels() {
    let mut desk = Desk::new();
    let (one, two) = (desk.init(), desk.init());
    assert_ne!(one, two);
    for (name, cid, command, data, error) in [
        ("channel 0", 0, command::PING, vec![], HidError::InvalidChannel),
        ("INIT on channel 0", 0, command::INIT, vec![1; 8], HidError::InvalidChannel),
        ("broadcast", BROADCAST, command::PING, vec![], HidError::InvalidChannel),
        ("a CBOR on broadcast", BROADCAST, command::CBOR, vec![4], HidError::InvalidChannel),
        ("a channel nobody gave out", 0x1234_5678, command::CBOR, vec![4], HidError::InvalidChannel),
        ("INIT there", 0x1234_5678, command::INIT, vec![1; 8], HidError::InvalidChannel),
        ("a short INIT", BROADCAST, command::INIT, vec![1; 7], HidError::InvalidLength),
        ("a long INIT", BROADCAST, command::INIT, vec![1; 9], HidError::InvalidLength),
        ("an empty CBOR", one, command::CBOR, vec![], HidError::InvalidLength),
        ("an empty MSG", one, command::MSG, vec![], HidError::InvalidLength),
        ("a WINK with data", one, command::WINK, vec![1], HidError::InvalidLength),
        ("a CANCEL with data", one, command::CANCEL, vec![1], HidError::InvalidLength),
        ("a LOCK without seconds", one, command::LOCK, vec![], HidError::InvalidLength),
        ("a LOCK of 11 seconds", one, command::LOCK, vec![11], HidError::InvalidParameter),
        ("an unknown command", one, 0x02, vec![], HidError::InvalidCommand),
        ("a vendor's command", one, 0x40, vec![1], HidError::InvalidCommand),
        ("what only devices send", one, command::KEEPALIVE, vec![1], HidError::InvalidCommand),
    ] {
        assert_eq!(desk.send(cid, command, &data), None, "{name}");
        assert_eq!(desk.sent(), [(cid, command::ERROR, vec![error as u8])], "{name}");
        assert_eq!(desk.send(two, command::PING, b"still there"), None, "{name}");
        assert_eq!(desk.sent(), [(two, command::PING, b"still there".to_vec())], "{name}");
    }
    // INIT on a channel keeps it.
    desk.send(one, command::INIT, b"12345678");
    let [(cid, command::INIT, data)] = &desk.sent()[..] else { panic!("one answer") };
    assert_eq!((*cid, &data[8..12]), (one, &one.to_be_bytes()[..]));
    // A length that no message has.
    let mut report = reports(one, command::PING, &[]).next().unwrap();
    report[5..7].copy_from_slice(&7610_u16.to_be_bytes());
    assert_eq!(desk.report(&report), None);
    desk.assert_error(one, HidError::InvalidLength);
}

#[test]
fn a_device_without_a_command_says_so() {
    for (name, capabilities, command) in [
        ("no CTAP2", 0x01, command::CBOR),
        ("no U2F", 0x05 | 0x08, command::MSG),
        ("nothing to wink with", 0x04, command::WINK),
    ] {
        let mut desk = Desk::with(|options| options.capabilities = capabilities);
        desk.send(BROADCAST, command::INIT, &[0; 8]);
        let data = desk.sent().remove(0).2;
        let cid = u32::from_be_bytes(data[8..12].try_into().unwrap());
        assert_eq!(data[16], capabilities);
        assert_eq!(desk.send(cid, command, &[]), None);
        assert_eq!(desk.sent(), [(cid, command::ERROR, vec![HidError::InvalidCommand as u8])], "{name}");
    }
}

#[test]
fn packets_out_of_order() {
    let mut desk = Desk::new();
    let (cid, other) = (desk.init(), desk.init());
    let long: Vec<Report> = reports(cid, command::CBOR, &[7; 200]).collect();
    // A continuation of nothing, and of another channel, is ignored.
    assert_eq!(desk.report(&long[1]), None);
    assert_eq!(desk.sent(), []);
    desk.report(&long[0]);
    let stray = reports(other, command::CBOR, &[7; 200]).nth(1).unwrap();
    assert_eq!(desk.report(&stray), None);
    assert_eq!(desk.sent(), []);
    // It goes on all the same.
    assert_eq!(desk.report(&long[1]), None);
    assert_eq!(desk.report(&long[2]), None);
    assert_eq!(desk.report(&long[3]), cbor(cid, &[7; 200]));
    desk.machine.respond(&[0]);
    desk.sent();

    for (name, packets) in
        [("one left out", &[0, 2][..]), ("one twice", &[0, 1, 1]), ("begun again", &[0, 1, 0])]
    {
        for packet in packets {
            assert_eq!(desk.report(&long[*packet]), None, "{name}");
        }
        assert_eq!(desk.sent(), [(cid, command::ERROR, vec![HidError::InvalidSeq as u8])], "{name}");
        // The message was dropped: its rest is ignored, and the channel is free.
        assert_eq!(desk.report(&long[3]), None, "{name}");
        assert_eq!(desk.sent(), [], "{name}");
        assert_eq!(desk.send(cid, command::CBOR, &[4]), cbor(cid, &[4]), "{name}");
        desk.machine.respond(&[0]);
        desk.sent();
    }
}

#[test]
fn a_message_that_does_not_go_on_times_out() {
    let mut desk = Desk::new();
    let cid = desk.init();
    let long: Vec<Report> = reports(cid, command::PING, &[7; 200]).collect();
    desk.report(&long[0]);
    desk.tick(499);
    assert_eq!(desk.sent(), []);
    desk.report(&long[1]);
    desk.tick(499);
    assert_eq!(desk.sent(), [], "each packet begins a new pause");
    assert_eq!(desk.machine.deadline(), Some(Timestamp(desk.now.0 + 1)));
    desk.tick(1);
    desk.assert_error(cid, HidError::MessageTimeout);
    assert_eq!(desk.machine.deadline(), None);
    desk.report(&long[2]);
    assert_eq!(desk.sent(), []);
    // An idle device sends nothing.
    desk.tick(86_400_000);
    assert_eq!(desk.sent(), []);
}

#[test]
fn one_channel_at_a_time() {
    let mut desk = Desk::new();
    let (one, two) = (desk.init(), desk.init());
    let long: Vec<Report> = reports(one, command::CBOR, &[7; 100]).collect();
    for (name, busy) in [("a message is coming in", false), ("a request is under way", true)] {
        desk.report(&long[0]);
        if busy {
            assert_eq!(desk.report(&long[1]), cbor(one, &[7; 100]));
        }
        for (command, data) in
            [(command::CBOR, &[4][..]), (command::PING, &[]), (command::LOCK, &[1]), (0x02, &[])]
        {
            assert_eq!(desk.send(two, command, data), None, "{name}");
            desk.assert_error(two, HidError::ChannelBusy);
        }
        // A new channel is given out, and one that waits is brought into step, meanwhile.
        let three = desk.init();
        desk.send(three, command::INIT, &[0; 8]);
        desk.send(two, command::INIT, &[0; 8]);
        assert_eq!(desk.sent().len(), 2, "{name}");
        if busy {
            assert_eq!(desk.send(one, command::PING, &[]), None);
            desk.assert_error(one, HidError::ChannelBusy);
        } else {
            assert_eq!(desk.report(&long[1]), cbor(one, &[7; 100]), "{name}: undisturbed");
        }
        desk.machine.respond(&[0]);
        assert_eq!(desk.sent(), [(one, command::CBOR, vec![0])], "{name}");
        assert_eq!(desk.send(two, command::CBOR, &[4]), cbor(two, &[4]), "{name}: free again");
        desk.machine.respond(&[0]);
        desk.sent();
    }
}

#[test]
fn init_resynchronises_its_channel() {
    let mut desk = Desk::new();
    let cid = desk.init();
    let long: Vec<Report> = reports(cid, command::CBOR, &[7; 100]).collect();
    desk.report(&long[0]);
    assert_eq!(desk.send(cid, command::INIT, &[0; 8]), None, "a half message is dropped");
    assert_eq!(desk.sent().len(), 1);
    assert_eq!(desk.report(&long[1]), None);
    assert_eq!(desk.sent(), []);
    assert_eq!(desk.send(cid, command::CBOR, &[0x0b]), cbor(cid, &[0x0b]));
    assert_eq!(desk.send(cid, command::INIT, &[0; 8]), Some(Action::Abort), "a request is ended");
    assert_eq!(desk.sent().len(), 1);
    desk.machine.respond(&[0]);
    assert_eq!(desk.sent(), [], "and not answered");
    assert_eq!(desk.send(cid, command::CBOR, &[4]), cbor(cid, &[4]));
}

#[test]
fn cancel() {
    let mut desk = Desk::new();
    let (cid, other) = (desk.init(), desk.init());
    assert_eq!(desk.send(cid, command::CANCEL, &[]), None, "nothing is under way");
    desk.send(cid, command::CBOR, &[0x0b]);
    assert_eq!(desk.send(other, command::CANCEL, &[]), None, "not its own");
    assert_eq!(desk.send(cid, command::CANCEL, &[]), Some(Action::Cancel));
    assert_eq!(desk.sent(), [], "never answered by itself");
    desk.machine.respond(&[0x2d]);
    assert_eq!(desk.sent(), [(cid, command::CBOR, vec![0x2d])]);
    // A U2F message cannot be cancelled.
    desk.send(cid, command::MSG, &[0, 3, 0, 0]);
    assert_eq!(desk.send(cid, command::CANCEL, &[]), None);
    desk.machine.respond(&[0x90, 0]);
    desk.sent();
    // A half message is not disturbed.
    let long: Vec<Report> = reports(cid, command::CBOR, &[7; 100]).collect();
    desk.report(&long[0]);
    assert_eq!(desk.send(cid, command::CANCEL, &[]), None);
    assert_eq!(desk.report(&long[1]), cbor(cid, &[7; 100]));
}

#[test]
fn keepalives() {
    let mut desk = Desk::new();
    let cid = desk.init();
    let keepalive = |status: u8| (cid, command::KEEPALIVE, vec![status]);
    desk.send(cid, command::CBOR, &[0x0b]);
    desk.tick(89);
    assert_eq!(desk.sent(), []);
    desk.tick(1);
    assert_eq!(desk.sent(), [keepalive(1)]);
    desk.tick(89);
    desk.awaits_user = true;
    desk.machine.status_changed(desk.now, true);
    assert_eq!(desk.sent(), [keepalive(2)], "at each change of the status");
    desk.tick(89);
    assert_eq!(desk.sent(), []);
    desk.tick(1);
    assert_eq!(desk.sent(), [keepalive(2)]);
    desk.machine.respond(&[0]);
    desk.sent();
    desk.tick(1000);
    desk.machine.status_changed(desk.now, false);
    assert_eq!(desk.sent(), [], "an idle device sends nothing");
    desk.send(cid, command::MSG, &[0, 3, 0, 0]);
    assert_eq!(desk.machine.deadline(), None);
    desk.machine.status_changed(desk.now, true);
    desk.tick(1000);
    assert_eq!(desk.sent(), [], "nor does one at work for U2F");
}

/// Annex C: CTAPHID_LOCK held, INIT sent on another CID → CHANNEL_BUSY.
#[test]
fn lock() {
    let mut desk = Desk::new();
    let (one, two) = (desk.init(), desk.init());
    desk.send(one, command::LOCK, &[2]);
    assert_eq!(desk.sent(), [(one, command::LOCK, vec![])]);
    for (command, data) in [(command::INIT, &[0; 8][..]), (command::PING, &[]), (command::CBOR, &[4])] {
        assert_eq!(desk.send(two, command, data), None);
        desk.assert_error(two, HidError::ChannelBusy);
    }
    assert_eq!(desk.send(one, command::CBOR, &[4]), cbor(one, &[4]), "its own channel is served");
    desk.machine.respond(&[0]);
    desk.sent();
    // It is released, prolonged, and ends by itself.
    desk.send(one, command::LOCK, &[0]);
    desk.sent();
    desk.send(two, command::PING, &[]);
    assert_eq!(desk.sent(), [(two, command::PING, vec![])]);
    desk.send(one, command::LOCK, &[10]);
    desk.tick(9_999);
    desk.sent();
    desk.send(two, command::PING, &[]);
    desk.assert_error(two, HidError::ChannelBusy);
    desk.tick(1);
    desk.send(two, command::PING, &[]);
    assert_eq!(desk.sent(), [(two, command::PING, vec![])]);
}

#[test]
fn a_lenient_device_takes_every_channel() {
    let mut desk = Desk::with(|options| options.lenient = true);
    assert_eq!(desk.send(0x1234_5678, command::CBOR, &[4]), cbor(0x1234_5678, &[4]));
    desk.machine.respond(&[0]);
    desk.sent();
    desk.send(0x8765_4321, command::INIT, &[0; 8]);
    let [(0x8765_4321, command::INIT, data)] = &desk.sent()[..] else { panic!("answered there") };
    assert_eq!(data[8..12], 0x8765_4321_u32.to_be_bytes());
    for cid in [0, BROADCAST] {
        desk.send(cid, command::PING, &[]);
        desk.assert_error(cid, HidError::InvalidChannel);
    }
}

#[test]
fn channels_are_forgotten_the_longest_unused_first() {
    let mut desk = Desk::new();
    let first = desk.init();
    let held = desk.init();
    desk.send(held, command::LOCK, &[10]);
    desk.sent();
    let mut last = 0;
    for _ in 0..200 {
        last = desk.init();
        // The first is used again and again.
        desk.send(held, command::PING, &[]);
        desk.sent();
    }
    desk.send(held, command::LOCK, &[0]);
    desk.sent();
    desk.send(last, command::PING, &[]);
    assert_eq!(desk.sent().len(), 1);
    desk.send(first, command::PING, &[]);
    desk.assert_error(first, HidError::InvalidChannel);
}

#[test]
fn draws_that_are_no_channel_are_drawn_again() {
    let mut machine = Machine::new(Options { capabilities: 0, version: [0; 3], lenient: false });
    let mut draws = vec![[0, 0, 0, 7], [0, 0, 0, 7], [0xff; 4], [0; 4], [0, 0, 0, 7]];
    let mut given = Vec::new();
    for _ in 0..2 {
        let init = reports(BROADCAST, command::INIT, &[0; 8]).next().unwrap();
        let drawn = draws.len();
        if drawn < 3 {
            draws = vec![[0, 0, 0, 8], [0, 0, 0, 7]];
        }
        machine.receive((), &init, Timestamp(0), &mut |out| out.copy_from_slice(&draws.pop().unwrap()));
        let ((), report) = machine.outgoing().unwrap();
        given.push(u32::from_be_bytes(report[15..19].try_into().unwrap()));
        draws.truncate(2);
    }
    assert_eq!(given, [7, 8]);
}

/// What the platform's side makes of a device's reports.
#[test]
fn replies() {
    let refused = |result| matches!(result, Err(ReplyError::Refused(0x06)));
    let mut incoming = Incoming::new(7, command::CBOR);
    let first = |cid, command, data: &[u8]| reports(cid, command, data).next().unwrap();
    assert_eq!(incoming.push(&first(8, command::CBOR, &[0])), Ok(None), "another channel's");
    assert_eq!(
        incoming.push(&first(7, command::KEEPALIVE, &[1])),
        Ok(Some(Reply::Keepalive { awaits_user: false }))
    );
    assert_eq!(
        incoming.push(&first(7, command::KEEPALIVE, &[2])),
        Ok(Some(Reply::Keepalive { awaits_user: true }))
    );
    assert!(refused(incoming.push(&first(7, command::ERROR, &[6]))));
    for len in [0, 1, 57, 58, 500, MAX_MESSAGE] {
        let data: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let mut incoming = Incoming::new(7, command::CBOR);
        let mut replies: Vec<_> =
            reports(7, command::CBOR, &data).map(|report| incoming.push(&report)).collect();
        assert_eq!(replies.pop(), Some(Ok(Some(Reply::Response(data)))), "{len} bytes");
        assert!(replies.iter().all(|reply| *reply == Ok(None)));
    }
    let long: Vec<Report> = reports(7, command::CBOR, &[1; 200]).collect();
    for packets in [&[1][..], &[0, 2], &[0, 0]] {
        let mut incoming = Incoming::new(7, command::CBOR);
        let results: Vec<_> = packets.iter().map(|packet| incoming.push(&long[*packet])).collect();
        assert_eq!(results.last(), Some(&Err(ReplyError::Malformed)), "{packets:?}");
    }
    let mut incoming = Incoming::new(7, command::CBOR);
    assert_eq!(incoming.push(&first(7, command::PING, &[1])), Err(ReplyError::Malformed));
    let mut too_long = first(7, command::CBOR, &[1]);
    too_long[5..7].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(incoming.push(&too_long), Err(ReplyError::Malformed));
}

/// 100,000 reports without sense from two hosts: nothing panics, nothing grows, and the next honest host is served.
#[test]
fn random_reports() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut machine = Machine::new(Options { capabilities: 0x05, version: [1, 0, 0], lenient: false });
    let mut cids = vec![0, BROADCAST, 0x0102_0304];
    let mut now = Timestamp(0);
    let commands = [
        command::PING,
        command::MSG,
        command::LOCK,
        command::INIT,
        command::WINK,
        command::CBOR,
        command::CANCEL,
        command::KEEPALIVE,
        command::ERROR,
        0x02,
        0x7f,
    ];
    let mut working = false;
    for _ in 0..100_000 {
        let mut report: Report = [0; REPORT_LEN];
        rng.fill_bytes(&mut report);
        if rng.random_ratio(9, 10) {
            let cid: u32 = cids[rng.random_range(0..cids.len())];
            report[..4].copy_from_slice(&cid.to_be_bytes());
            if rng.random_ratio(2, 3) {
                report[4] = 0x80 | commands[rng.random_range(0..commands.len())];
                let len: u16 =
                    *[0, 1, 8, 57, 58, 200, 7609, 7610, 0xffff].get(rng.random_range(0..9)).unwrap();
                report[5..7].copy_from_slice(&len.to_be_bytes());
            } else {
                report[4] = rng.random_range(0..4);
            }
        }
        let mut source = ChaCha20Rng::seed_from_u64(rng.random());
        let peer = rng.random_range(0..2);
        match machine.receive(peer, &report, now, &mut |out| source.fill_bytes(out)) {
            Some(Action::Cbor { request, .. }) => {
                assert!(!working && request.len() <= MAX_MESSAGE);
                working = true;
            }
            Some(Action::Message { apdu, .. }) => {
                assert!(!working && apdu.len() <= MAX_MESSAGE);
                working = true;
            }
            Some(Action::Abort) => {
                assert!(working);
                working = false;
            }
            Some(Action::Cancel | Action::Wink) | None => {}
        }
        if working && rng.random_ratio(1, 3) {
            machine.respond(&[0x01]);
            working = false;
        }
        now.0 += rng.random_range(0..40);
        machine.tick(now, rng.random());
        let mut packets = 0;
        while let Some((_, report)) = machine.outgoing() {
            packets += 1;
            if report[4] == 0x80 | command::INIT && cids.len() < 40 {
                cids.push(u32::from_be_bytes(report[15..19].try_into().unwrap()));
            }
        }
        assert!(packets <= 131, "one message, a keepalive and an error at most: {packets}");
    }
    machine.respond(&[0x01]);
    now.0 += 20_000;
    machine.tick(now, false);
    while machine.outgoing().is_some() {}
    let mut honest = |report: &Report| {
        machine.receive(9, report, now, &mut |out| rng.fill_bytes(out));
        machine.outgoing().unwrap()
    };
    let (peer, answer) = honest(&reports(BROADCAST, command::INIT, b"an honest").next().unwrap());
    assert_eq!((peer, answer[4]), (9, 0x80 | command::ERROR), "nine bytes are no nonce");
    let (_, answer) = honest(&reports(BROADCAST, command::INIT, b"honestly").next().unwrap());
    let cid = u32::from_be_bytes(answer[15..19].try_into().unwrap());
    let (_, pong) = honest(&reports(cid, command::PING, b"?").next().unwrap());
    assert_eq!(pong[..8], [&cid.to_be_bytes()[..], &[0x81, 0, 1, b'?']].concat());
}

/// An endless sequence of half messages from one host: others are busy for half a second at a time, and then served.
#[test]
fn half_messages_without_end() {
    let mut desk = Desk::new();
    let (rude, honest) = (desk.init(), desk.init());
    let half = reports(rude, command::CBOR, &[7; MAX_MESSAGE]).next().unwrap();
    let mut served = 0;
    for round in 0..1000_u32 {
        desk.report(&half);
        assert_eq!(desk.send(honest, command::PING, &[]), None);
        let errors = desk.sent();
        let busy = (honest, command::ERROR, vec![HidError::ChannelBusy as u8]);
        if round % 2 == 1 {
            // Sent again before its end it is out of sequence, and the channel is free.
            assert_eq!(errors[0], (rude, command::ERROR, vec![HidError::InvalidSeq as u8]));
            assert_eq!(errors[1], (honest, command::PING, vec![]));
            served += 1;
        } else {
            assert_eq!(errors, [busy]);
        }
    }
    assert_eq!(served, 500);
}
