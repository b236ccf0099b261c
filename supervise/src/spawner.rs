//! One thread that starts every process.
//!
//! The kernel sends the signal of `PR_SET_PDEATHSIG` when the *thread* that started the child ends.
//! Tests and scoped threads end long before the program does, so the thread here never ends.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Sender};

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

type Request = (Command, Sender<io::Result<Child>>);

static SPAWNER: LazyLock<Sender<Request>> = LazyLock::new(|| {
    let (sender, requests) = mpsc::channel::<Request>();
    std::thread::spawn(move || {
        for (mut command, answer) in requests {
            let _ = answer.send(command.spawn());
        }
    });
    sender
});

/// Starts a command in its own process group; the signal follows when this program dies.
pub(crate) fn spawn(mut command: Command, at_death: Signal) -> io::Result<Child> {
    command.process_group(0);
    let parent = std::process::id();
    // SAFETY: between fork and exec only prctl and getppid are called, both async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(at_death)?;
            // If the parent died before the call above, no signal will come.
            if getppid().as_raw().cast_unsigned() != parent {
                return Err(Errno::ESRCH.into());
            }
            Ok(())
        });
    }
    let (answer, child) = mpsc::channel();
    let ended = || io::Error::other("the thread that starts processes has ended");
    SPAWNER.send((command, answer)).map_err(|_| ended())?;
    child.recv().map_err(|_| ended())?
}
