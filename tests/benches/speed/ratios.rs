//! The bounds.

use std::{
    hint::black_box,
    path::Path,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    costs::BareSignature,
    measure::{Pair, each, in_turns, repeat},
    ours::{self, Ours, exchange},
    theirs,
    udp::{Echo, Platform},
};

/// Something measured, and its bound.
pub(crate) struct Ratio {
    what: &'static str,
    measured: f64,
    bound: Bound,
    /// The two costs behind it, if it is a quotient of costs.
    costs: Option<[Duration; 2]>,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Ratio {
    pub(crate) fn is_kept(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.measured >= bound,
            Bound::AtMost(bound) => self.measured <= bound,
        }
    }

    /// How much we cost.
    fn cost(what: &'static str, pair: &Pair, bound: f64) -> Self {
        let costs = Some([pair.ours, pair.other]);
        Self { what, measured: pair.quotient, bound: Bound::AtMost(bound), costs }
    }

    /// How many times as fast we are.
    fn rate(what: &'static str, pair: &Pair, bound: f64) -> Self {
        let costs = Some([pair.ours, pair.other]);
        Self { what, measured: 1.0 / pair.quotient, bound: Bound::AtLeast(bound), costs }
    }
}

pub(crate) fn all() -> Vec<Ratio> {
    let mut ratios = Vec::new();
    ratios.extend(beside_passkey_authenticator());
    ratios.extend(assertions());
    ratios.extend(many_credentials());
    ratios.extend(sled());
    ratios.extend(over_udp());
    ratios
}

pub(crate) fn table(ratios: &[Ratio]) -> String {
    let width = ratios.iter().map(|ratio| ratio.what.chars().count()).max().unwrap_or(0);
    let line = |ratio: &Ratio| {
        let bound = match ratio.bound {
            Bound::AtLeast(bound) => format!("≥ {bound}"),
            Bound::AtMost(bound) => format!("≤ {bound}"),
        };
        let costs = ratio.costs.map(|[ours, other]| format!("{ours:.1?} : {other:.1?}")).unwrap_or_default();
        let verdict = if ratio.is_kept() { "ok" } else { "MISSED" };
        format!("{:width$}  {:>8.2}  {bound:<6}  {verdict:<6}  {costs}", ratio.what, ratio.measured)
            .trim_end()
            .to_owned()
    };
    let heading = format!("{:width$}  {:>8}  {:6}  {:6}  costs", "ratio", "measured", "bound", "");
    std::iter::once(heading).chain(ratios.iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn beside_passkey_authenticator() -> [Ratio; 2] {
    const TURNS: usize = 51;
    const BATCH: u32 = 128;

    let (mut device, request) = Ours::in_memory().signing_in(true);
    let mut other = theirs::with_one_credential();
    let id = theirs::credential_id(&other);
    let assertions = in_turns(
        TURNS,
        || repeat(BATCH, || drop(black_box(exchange(&mut device, &request)))),
        || {
            let requests = (0..BATCH).map(|_| theirs::sign_in_request(&id)).collect();
            each(requests, |request| drop(black_box(theirs::sign_in(&mut other, request))))
        },
    );

    // Each turn begins with nothing registered, so that no side pays for how much the other has stored.
    let registrations = in_turns(
        TURNS,
        || {
            let mut device = Ours::in_memory().device();
            each(ours::registrations(BATCH), |request| drop(black_box(exchange(&mut device, &request))))
        },
        || {
            let mut other = theirs::authenticator();
            let requests = (0..BATCH).map(theirs::registration).collect();
            each(requests, |request| drop(black_box(theirs::register(&mut other, request))))
        },
    );
    [
        Ratio::rate("assertions, to passkey-authenticator", &assertions, 1.5),
        Ratio::rate("registrations, to passkey-authenticator", &registrations, 0.9),
    ]
}

fn assertions() -> [Ratio; 2] {
    let (mut device, request) = Ours::in_memory().signing_in(true);
    let key = BareSignature::new();
    let pair = in_turns(
        201,
        || repeat(32, || drop(black_box(exchange(&mut device, &request)))),
        || repeat(32, || key.sign()),
    );
    let allocations = (0..100).map(|_| {
        let counted = allocation_counter::measure(|| drop(black_box(exchange(&mut device, &request))));
        u32::try_from(counted.count_total).expect("a count")
    });
    let most = allocations.max().expect("a hundred counts");
    [
        Ratio::cost("cost of an assertion, to the bare P-256 signature", &pair, 1.2),
        Ratio {
            what: "allocations of an assertion",
            measured: f64::from(most),
            bound: Bound::AtMost(15.0),
            costs: None,
        },
    ]
}

fn many_credentials() -> [Ratio; 2] {
    const COUNT: u32 = 100_000;

    let full = Ours::in_memory();
    full.fill(COUNT - 1);
    [
        ("cost of an assertion by id among 100,000 credentials, to one", true),
        ("cost of an assertion by RP among 100,000 credentials, to one", false),
    ]
    .map(|(what, listed)| {
        let (mut device, request) = full.signing_in(listed);
        let (mut alone, request_alone) = Ours::in_memory().signing_in(listed);
        let pair = in_turns(
            101,
            || repeat(32, || drop(black_box(exchange(&mut device, &request)))),
            || repeat(32, || drop(black_box(exchange(&mut alone, &request_alone)))),
        );
        Ratio::cost(what, &pair, 1.5)
    })
}

fn sled() -> [Ratio; 2] {
    // Two leases of counts: a turn pays for as many writes as any other.
    const ASSERTIONS: u32 = 2048;
    const CLIENTS: u32 = 16;
    const REGISTRATIONS: u32 = 4;

    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder on a disk");
    let store = Ours::in_sled(folder.path());
    let (mut device, request) = store.signing_in(true);
    let (mut in_memory, request_in_memory) = Ours::in_memory().signing_in(true);
    let assertions = in_turns(
        9,
        || repeat(ASSERTIONS, || drop(black_box(exchange(&mut device, &request)))),
        || repeat(ASSERTIONS, || drop(black_box(exchange(&mut in_memory, &request_in_memory)))),
    );

    let clients: Vec<Ours> = (0..CLIENTS).map(|client| store.account(client)).collect();
    let registrations = in_turns(
        15,
        || at_once(&clients, REGISTRATIONS),
        || {
            let requests = ours::registrations(CLIENTS * REGISTRATIONS);
            each(requests, |request| drop(black_box(exchange(&mut device, &request))))
        },
    );
    [
        Ratio::rate("assertions in sled, to those in memory", &assertions, 0.6),
        Ratio::rate("16 registrations at once in sled, to one after the other", &registrations, 3.0),
    ]
}

fn over_udp() -> [Ratio; 3] {
    const TURNS: usize = 51;
    const BATCH: u32 = 128;

    let mut platform = Platform::apart_from(Ours::in_memory().device());
    let mut info = || repeat(BATCH, || drop(black_box(platform.get_info())));
    let info = in_turns(TURNS, &mut info, || Duration::from_secs(1));

    // In one thread, what is compared is work alone. Between two, a core that sleeps has to be woken, which is dear on
    // virtual machines; bare sockets with the same device behind them wake it as often.
    let (mut device, request) = Ours::in_memory().signing_in(true);
    let (far, far_request) = Ours::in_memory().signing_in(true);
    let echo = Echo::of(&request, &exchange(&mut device, &request));
    let mut platform = Platform::beside(far);
    let assertion = in_turns(
        TURNS,
        || repeat(BATCH, || drop(black_box(platform.exchange(&far_request)))),
        || {
            let in_process = repeat(BATCH, || drop(black_box(exchange(&mut device, &request))));
            in_process.div_f64(0.8) + repeat(BATCH, || echo.turn())
        },
    );

    let (far, far_request) = Ours::in_memory().signing_in(true);
    let mut platform = Platform::apart_from(far);
    let echo = Echo::working(device, request);
    let apart = in_turns(
        TURNS,
        || repeat(BATCH, || drop(black_box(platform.exchange(&far_request)))),
        || repeat(BATCH, || echo.turn()),
    );
    [
        Ratio {
            what: "getInfo over UDP between two threads, a second",
            measured: 1.0 / info.ours.as_secs_f64(),
            bound: Bound::AtLeast(3000.0),
            costs: None,
        },
        Ratio::cost("cost of an assertion over UDP, to in process ÷ 0.8 and an echo", &assertion, 1.0),
        Ratio::cost("the same between two threads, to bare sockets and the device", &apart, 1.25),
    ]
}

/// How long one registration takes if all clients, each with an account of its own, make so many at the same time.
fn at_once(clients: &[Ours], each: u32) -> Duration {
    let start = Barrier::new(clients.len() + 1);
    let elapsed = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter()
            .map(|client| {
                let (mut device, requests, start) = (client.device(), ours::registrations(each), &start);
                scope.spawn(move || {
                    start.wait();
                    requests.iter().for_each(|request| drop(black_box(exchange(&mut device, request))));
                })
            })
            .collect();
        start.wait();
        let begin = Instant::now();
        threads.into_iter().for_each(|thread| thread.join().expect("no client fails"));
        begin.elapsed()
    });
    elapsed / (u32::try_from(clients.len()).expect("a few") * each)
}
