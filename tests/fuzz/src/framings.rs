//! CTAPHID and ISO 7816 over the authenticator, driven by bytes.

use rand::{Rng as _, SeedableRng as _, rngs::ChaCha20Rng};
use softhello_ctap::{
    Timestamp,
    apdu::StatusWord,
    hid::{self, BROADCAST, Incoming, Machine, Options, REPORT_LEN, Report, command},
    nfc::{Action, Card},
};

use crate::{answer, authenticator, bench::Bench, checked, message};

/// No answer to one report has more packets: a message, a keepalive and an error.
const MOST_PACKETS: usize = 131;

/// The channel that the first INIT gives out, as the seed of the randomness has it.
const FIRST_CHANNEL: u8 = 1;

/// Two hosts on CTAPHID: a byte that chooses the authenticator, then steps. Each begins with five bytes: host and
/// whether the request under way ends, channel, what the user does, how long it takes until the next, and the length of
/// what follows of the report behind the channel, whose rest is zero.
pub fn hid(input: &[u8]) {
    let Some((which, mut rest)) = input.split_first() else { return };
    let mut bench = authenticator(*which);
    let mut machine = Machine::new(Options { lenient: which & 0x80 != 0, ..Options::of(&bench.profile) });
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (mut now, mut request) = (Timestamp(0), None);
    let mut channels = vec![BROADCAST];
    let mut incoming = Incoming::new(BROADCAST, command::INIT);
    while let Some(([flags, channel, user, wait, len], after)) = rest.split_first_chunk::<5>() {
        let (tail, after) = after.split_at(usize::from(*len).min(after.len()).min(REPORT_LEN - 4));
        rest = after;
        let mut report: Report = [0; REPORT_LEN];
        let cid = channels.get(usize::from(*channel)).copied().unwrap_or(u32::from(*channel));
        report[..4].copy_from_slice(&cid.to_be_bytes());
        report[4..4 + tail.len()].copy_from_slice(tail);
        match machine.receive(flags & 1, &report, now, &mut |out| rng.fill_bytes(out)) {
            Some(hid::Action::Abort) => assert!(request.take().is_some(), "something is under way"),
            Some(hid::Action::Cancel) => assert!(request.is_some(), "something is under way"),
            Some(hid::Action::Wink) | None => {}
            Some(handed_out) => assert!(request.replace(handed_out).is_none(), "one request at a time"),
        }
        if flags & 2 != 0 {
            bench.host.default_answer = answer(*user);
            match request.take() {
                Some(hid::Action::Cbor { request, .. }) => machine.respond(&cbor(&mut bench, &request)),
                Some(hid::Action::Message { apdu, .. }) => machine.respond(&message(&mut bench, &apdu)),
                _ => {}
            }
        }
        now.0 += 10 * u64::from(*wait);
        machine.tick(now, flags & 4 != 0);
        assert!(machine.waiting() <= MOST_PACKETS, "bounded");
        while let Some((_, report)) = machine.outgoing() {
            // The platform's side takes anything, in any order.
            let _ = incoming.push(&report);
            if report[4] == 0x80 | command::INIT && channels.len() < 8 {
                channels.push(u32::from_be_bytes([report[15], report[16], report[17], report[18]]));
            }
        }
    }
}

/// A card in a reader: a byte that chooses the authenticator, then commands. Each begins with two bytes: what the user
/// does and whether he takes long, and the length of the command.
pub fn card(input: &[u8]) {
    let Some((which, mut rest)) = input.split_first() else { return };
    let mut bench = authenticator(*which);
    let mut card = Card::new(&bench.profile);
    let mut under_way = None;
    while let Some(([user, len], after)) = rest.split_first_chunk::<2>() {
        let (command, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        bench.host.default_answer = answer(*user);
        let takes_long = user & 0x10 != 0;
        let received = card.receive(command);
        if received.aborts {
            assert!(under_way.take().is_some(), "something is under way");
        }
        let reply = match received.action {
            Action::Answer(reply) => reply,
            Action::Cbor { request, polls: true } if takes_long => {
                under_way = Some(request);
                card.still_under_way(true)
            }
            Action::Cbor { request, .. } => card.respond(cbor(&mut bench, &request)),
            Action::Poll if takes_long => card.still_under_way(false),
            Action::Poll | Action::Cancel => {
                let request = under_way.take().expect("something is under way");
                card.respond(cbor(&mut bench, &request))
            }
            Action::Message(apdu) => {
                let response = message(&mut bench, &apdu);
                card.respond_message(response)
            }
        };
        assert!(reply.len() >= StatusWord::OK.0.to_be_bytes().len(), "a status word at least");
    }
}

fn cbor(bench: &mut Bench, request: &[u8]) -> Vec<u8> {
    let reply = bench.send(request);
    checked(bench, &reply);
    reply.response
}

/// What an honest host does: name, bytes.
pub(crate) fn seeds(requests: &[Vec<u8>], messages: &[Vec<u8>]) -> Vec<(&'static str, Vec<u8>)> {
    let step = |flags: u8, channel: u8, report: &[u8]| {
        let len = u8::try_from(report.len()).expect("a report");
        [&[flags, channel, 4, 1, len][..], report].concat()
    };
    let init = step(0, 0, &[&[0x80 | command::INIT, 0, 8][..], &[9; 8]].concat());
    let sent = |command: u8, data: &[u8]| {
        let reports: Vec<Report> = hid::reports(0, command, data).collect();
        reports.iter().flat_map(|report| step(2, FIRST_CHANNEL, &report[4..])).collect::<Vec<u8>>()
    };
    let hid = |command: u8, all: &[Vec<u8>]| {
        let sent = all.iter().flat_map(|data| sent(command, data)).collect();
        [vec![1], init.clone(), sent].concat()
    };
    let select = [&[0x00, 0xa4, 0x04, 0x00, 0x08][..], &[0xa0, 0, 0, 6, 0x47, 0x2f, 0, 1], &[0]].concat();
    let apdu = |user: u8, apdu: &[u8]| {
        let len = u8::try_from(apdu.len()).expect("seeds are short");
        [&[user, len][..], apdu].concat()
    };
    let card = |user: u8, p1: u8| {
        let wrapped = requests.iter().flat_map(|request| {
            let len = u8::try_from(request.len()).expect("seeds are short");
            let message = [&[0x80, 0x10, p1, 0, len][..], request, &[0]].concat();
            [apdu(user, &message), apdu(4, &[0x80, 0x11, 0, 0, 0]), apdu(4, &[0, 0xc0, 0, 0, 0])].concat()
        });
        [vec![1], apdu(4, &select), wrapped.collect()].concat()
    };
    let u2f = messages.iter().flat_map(|message| apdu(4, message)).collect();
    vec![
        ("cbor", hid(command::CBOR, requests)),
        ("messages", hid(command::MSG, messages)),
        ("others", hid(command::PING, &[vec![5; 200]])),
        ("card-short", card(4, 0)),
        ("card-polled", card(0x14, 0x80)),
        ("card-u2f", [vec![3], apdu(4, &select), u2f].concat()),
    ]
}
