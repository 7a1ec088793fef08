//! One place that writes: it decides the waiting commits in their order, applies them in one batch, and answers.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

use crate::{
    ContainerId, Reply, StoreError,
    core::{Core, Live, RetriesInFlight},
    decide::{Effect, Work, decide},
    engine::Batch,
    lease::Lease,
    seal::{Key, KeyKind},
    transaction::Transaction,
};

/// How writes come to the engine.
pub(crate) enum Writer {
    /// In the caller's thread, one at a time. For an engine that waits for nothing.
    Inline(Mutex<()>),
    /// In a thread that takes all commits that are waiting and syncs once.
    Thread(Mutex<Option<(Sender<Job>, JoinHandle<()>)>>),
}

/// A piece of work and who waits for it.
pub(crate) struct Job {
    container: ContainerId,
    work: Work,
    /// Held until the work has taken effect, if it writes retries.
    retries: Option<RetriesInFlight>,
    asker: Asker,
}

impl Writer {
    pub(crate) fn inline() -> Self {
        Self::Inline(Mutex::default())
    }

    pub(crate) fn thread(core: &Arc<Core>) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel();
        let core = Arc::clone(core);
        let thread = thread::Builder::new()
            .name("softhello-writer".to_owned())
            .spawn(move || write(&core, &receiver))
            .map_err(|error| StoreError::io("start the writing thread", error))?;
        Ok(Self::Thread(Mutex::new(Some((sender, thread)))))
    }

    /// Hands work over. It is done also if the reply is dropped.
    pub(crate) fn submit(
        &self,
        core: &Core,
        container: ContainerId,
        work: Work,
        retries: Option<RetriesInFlight>,
    ) -> Reply<'static, u64> {
        match self {
            Self::Inline(turn) => {
                let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                Reply::ready(do_one(core, container, &work))
            }
            Self::Thread(thread) => {
                let (asker, answer) = Asker::new();
                let thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
                let job = Job { container, work, retries, asker };
                match thread.as_ref().map(|(sender, _)| sender.send(job)) {
                    Some(Ok(())) => Reply::Later(Box::pin(answer)),
                    // Closed, or the thread has panicked; the first failure says more, if there was one.
                    _ => Reply::ready(Err(core.writable().err().unwrap_or(StoreError::Closed))),
                }
            }
        }
    }

    /// Does what was handed over, takes no more, and writes back what was leased.
    pub(crate) fn close(&self, core: &Core) -> Result<(), StoreError> {
        // Both locks are held to the end: whoever closes too returns when all is written, and may then exit. The
        // writing thread takes neither.
        match self {
            Self::Inline(turn) => {
                let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                write_back(core)
            }
            Self::Thread(thread) => {
                let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((sender, thread)) = thread.take() {
                    drop(sender);
                    // A panic there has been answered to those who waited.
                    let _ = thread.join();
                }
                write_back(core)
            }
        }
    }
}

/// Gives leases back and lets nothing be written any more.
fn write_back(core: &Core) -> Result<(), StoreError> {
    let failed = core.writable();
    let Some(live) = core.close() else { return Ok(()) };
    let batch = returned(core, live)?;
    if batch.is_empty() {
        return Ok(());
    }
    failed?;
    core.apply(batch)
}

/// The records that give leases back, so that a clean exit skips no number.
fn returned(core: &Core, live: Vec<(ContainerId, Live)>) -> Result<Batch, StoreError> {
    let mut batch = Batch::new();
    for (container, live) in live {
        let unused = |lease: &Lease| lease.last < lease.ceiling;
        let counters: Vec<_> = live.counters.iter().filter(|(_, lease)| unused(lease)).collect();
        let mut numbers = Vec::new();
        numbers.extend(
            live.operation.filter(unused).map(|lease| (Key::of(container, KeyKind::Operation), lease.last)),
        );
        numbers.extend(
            live.retries
                .filter(|retries| retries.durable != retries.live)
                .map(|retries| (Key::of(container, KeyKind::UvRetries), retries.live.into())),
        );
        if !(numbers.is_empty() && counters.is_empty()) {
            let mut records = Transaction::new(core, container, &batch)?;
            numbers.iter().try_for_each(|(key, number): &(Key, u64)| records.put(key, number))?;
            counters.iter().try_for_each(|(id, lease)| records.put_counter(id, lease.last))?;
            let changes = records.changes;
            batch.extend(changes);
        }
    }
    Ok(batch)
}

fn do_one(core: &Core, container: ContainerId, work: &Work) -> Result<u64, StoreError> {
    core.writable()?;
    let mut batch = Batch::new();
    let effects = decide(core, &mut batch, container, work)?;
    core.apply(batch)?;
    take_effect(core, container, effects)
}

fn write(core: &Core, jobs: &Receiver<Job>) {
    let _watch = Watch(core);
    while let Ok(first) = jobs.recv() {
        // Whoever came while the last group was synced goes together now.
        let group: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(LARGEST_GROUP)).collect();
        let mut batch = Batch::new();
        let decisions: Vec<_> = group
            .iter()
            .map(|job| core.writable().and_then(|()| decide(core, &mut batch, job.container, &job.work)))
            .collect();
        let applied = core.apply(batch);
        for (job, decision) in group.into_iter().zip(decisions) {
            // Also a refusal waits until here, and hears of a failure: what it found may have been in an earlier
            // commit of the group.
            let Job { container, retries, asker, .. } = job;
            let effects = applied.clone().and(decision);
            let answer = effects.and_then(|effects| take_effect(core, container, effects));
            drop(retries);
            asker.answer(answer);
        }
    }
}

/// Says what happened if an engine panics: the thread is gone, and with it every write.
struct Watch<'a>(&'a Core);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(STOPPED);
            self.0.recent.forget_all();
        }
    }
}

const STOPPED: &str = "the writing thread stopped";

/// Bounds the memory of one batch.
const LARGEST_GROUP: usize = 255;

/// Makes true in memory what is durable now. The answer is the number that was asked for, if one was.
fn take_effect(core: &Core, container: ContainerId, effects: Vec<Effect>) -> Result<u64, StoreError> {
    let mut number = 0;
    let mut take = |lease: &mut Lease, ceiling: u64| {
        lease.extend(ceiling);
        number = lease.take().unwrap_or_default();
    };
    for effect in effects {
        match effect {
            Effect::ContainerGone => core.forget(container),
            Effect::StateChanged => core.if_live(container, |live| live.state = None),
            Effect::Retries(retries) => {
                core.with_live(container, |live| {
                    live.retries = Some(retries);
                    Ok(())
                })?;
            }
            Effect::CounterGone(id) => core.if_live(container, |live| {
                live.counters.remove(&id);
            }),
            Effect::AllCountersGone => core.if_live(container, |live| live.counters.clear()),
            Effect::CounterAtLeast { id, count } => core.if_live(container, |live| {
                if let Some(lease) = live.counters.get_mut(&id) {
                    at_least(lease, count);
                }
            }),
            Effect::CounterSet { id, count } => core.if_live(container, |live| {
                if let Some(lease) = live.counters.get_mut(&id) {
                    *lease = Lease::after(count);
                }
            }),
            Effect::OperationAtLeast(number) => core.if_live(container, |live| {
                if let Some(lease) = &mut live.operation {
                    at_least(lease, number);
                }
            }),
            Effect::FirstCountLeased(id) => core.if_live(container, |live| {
                live.counters.entry(id).or_insert(Lease::after(0)).extend(1);
            }),
            Effect::CountLeased { id, from, ceiling } => {
                core.with_live(container, |live| {
                    take(live.counters.entry(id).or_insert(Lease::after(from)), ceiling);
                    Ok(())
                })?;
            }
            Effect::OperationLeased { from, ceiling } => {
                core.with_live(container, |live| {
                    take(live.operation.get_or_insert(Lease::after(from)), ceiling);
                    Ok(())
                })?;
            }
        }
    }
    Ok(number)
}

fn at_least(lease: &mut Lease, number: u64) {
    lease.last = lease.last.max(number);
    lease.ceiling = lease.ceiling.max(number);
}

/// Where the answer to a job goes. It is dropped without one only if the writing thread panics.
struct Asker(Arc<Mutex<Slot>>);

struct Answer(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    answer: Option<Result<u64, StoreError>>,
    waker: Option<Waker>,
}

impl Asker {
    fn new() -> (Self, Answer) {
        let slot = Arc::default();
        (Self(Arc::clone(&slot)), Answer(slot))
    }

    fn answer(self, answer: Result<u64, StoreError>) {
        self.put(answer);
    }

    fn put(&self, answer: Result<u64, StoreError>) {
        let waker = {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.answer.get_or_insert(answer);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.put(Err(StoreError::ReadOnly { first: STOPPED.to_owned() }));
    }
}

impl Future for Answer {
    type Output = Result<u64, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
