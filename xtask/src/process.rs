//! Child processes: how they are started, waited for and stopped.
//!
//! Each child leads a process group of its own. A Ctrl-C of the terminal thus reaches `xtask`
//! alone, which stops its children in the right order (the app before its Redis), by their own ids
//! and nothing else. While `loadtest` runs, a Ctrl-C is passed on to it instead: it knows what the
//! first, second and third one mean. Where `xtask` is killed, the kernel (Linux) sends its direct
//! children a SIGTERM.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How often a waiting loop looks again.
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// How long a child may take to end after it was asked to.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// The Ctrl-C at which a child that they are passed on to has to end. Before it, the child takes
/// the time it needs.
const LAST_INTERRUPT: u32 = 3;

/// How often Ctrl-C was typed.
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
/// SIGTERM or SIGHUP has come.
static TERMINATED: AtomicBool = AtomicBool::new(false);
/// Whether Ctrl-C is the affair of a child for now.
static PASSING_ON: AtomicBool = AtomicBool::new(false);

/// What a second request to stop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondSignal {
    /// The user is in a hurry: ends `xtask` at once.
    Exits,
    /// Nothing. The kernel may send the signal of [`tie_to_this_process`] once for each thread of a
    /// killed `xtask`, and the keeper of Redis must not take that for a hurry.
    IsIgnored,
}

/// Makes Ctrl-C, SIGTERM and SIGHUP ask for a stop.
pub(crate) fn install_stop_handler(second: SecondSignal) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .context("failed to install the handler of Ctrl-C")?;
    let listen = move || {
        for signal in signals.forever() {
            if count(signal) && second == SecondSignal::Exits {
                std::process::exit(130);
            }
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(listen).context("failed to start the thread that handles Ctrl-C")?;
    Ok(())
}

/// Notes a signal; true where the user is in a hurry.
fn count(signal: libc::c_int) -> bool {
    let is_passed_on = PASSING_ON.load(Ordering::SeqCst);
    if signal == SIGINT {
        let interrupts = INTERRUPTS.fetch_add(1, Ordering::SeqCst) + 1;
        let allowed = if is_passed_on { LAST_INTERRUPT } else { 1 };
        interrupts > allowed || TERMINATED.load(Ordering::SeqCst)
    } else {
        TERMINATED.swap(true, Ordering::SeqCst)
            || (!is_passed_on && INTERRUPTS.load(Ordering::SeqCst) > 0)
    }
}

/// Whether the user asked for a stop.
pub(crate) fn stop_asked() -> bool {
    TERMINATED.load(Ordering::SeqCst) || INTERRUPTS.load(Ordering::SeqCst) > 0
}

/// While it lives, Ctrl-C is the affair of a child.
struct PassingOn;

impl PassingOn {
    fn begin() -> Self {
        PASSING_ON.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for PassingOn {
    fn drop(&mut self) {
        PASSING_ON.store(false, Ordering::SeqCst);
    }
}

/// What waiting for a child that gets every Ctrl-C does next. Time is no part of it: the child has
/// no limit before the last one.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Wait,
    PassOn,
    /// Pass it on as well, and see to it that the child ends.
    EndByInterrupt,
    Terminate,
}

impl Next {
    /// For a child that was passed so many of the interrupts that came.
    fn of(passed: u32, interrupts: u32, terminated: bool) -> Self {
        match interrupts.min(LAST_INTERRUPT) {
            _ if terminated => Self::Terminate,
            due if due <= passed => Self::Wait,
            _ if passed + 1 == LAST_INTERRUPT => Self::EndByInterrupt,
            _ => Self::PassOn,
        }
    }
}

/// A running child. Dropping it stops it together with its process group.
pub(crate) struct Running {
    name: String,
    child: Child,
    /// Set once the child is reaped; its id may belong to another process from then on.
    status: Option<ExitStatus>,
}

impl Running {
    /// Starts `command`; `name` is what messages call it. To be called from the main thread only,
    /// because the kernel ties the child to the thread that started it.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self> {
        command.process_group(0);
        tie_to_this_process(command);
        let program = command.get_program().to_owned();
        let child = command
            .spawn()
            .with_context(|| format!("failed to start {name} ({})", program.display()))?;
        Ok(Self { name: name.to_owned(), child, status: None })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The writing end of its standard input, if that is a pipe not taken yet.
    pub(crate) fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The reading end of its standard output, if that is a pipe not taken yet.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it has ended by itself. It is not reaped by this, so its id stays its own.
    pub(crate) fn has_ended(&self) -> bool {
        self.status.is_some() || has_ended(self.id())
    }

    /// Waits up to `limit`; true when it has ended.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    /// Waits for the end, or for the user's wish to stop, which is passed on as `signal`.
    ///
    /// # Errors
    /// When the user asked for a stop, or the child can't be waited for.
    pub(crate) fn wait(mut self, signal: libc::c_int) -> Result<ExitStatus> {
        while !self.has_ended() {
            if stop_asked() {
                self.stop(signal)?;
                bail!("{} was interrupted", self.name);
            }
            std::thread::sleep(POLL);
        }
        self.stop(signal)
    }

    /// Waits for the end and passes each Ctrl-C on. The child ends by itself when it is ready to;
    /// only after the third it is killed if that takes more than 10 s. `watch` is called again and
    /// again and may break off by an error.
    ///
    /// # Errors
    /// That of `watch`; or when SIGTERM has come, or the child can't be waited for.
    pub(crate) fn wait_passing_on(
        mut self,
        mut watch: impl FnMut() -> Result<()>,
    ) -> Result<ExitStatus> {
        let _passing = PassingOn::begin();
        let mut passed = 0;
        while !self.has_ended() {
            let interrupts = INTERRUPTS.load(Ordering::SeqCst);
            match Next::of(passed, interrupts, TERMINATED.load(Ordering::SeqCst)) {
                Next::Wait => {}
                // One for each look: the kernel makes one of two that follow too closely.
                Next::PassOn => {
                    signal_group(self.id(), SIGINT);
                    passed += 1;
                }
                Next::EndByInterrupt => return self.stop(SIGINT),
                Next::Terminate => {
                    self.stop(SIGTERM)?;
                    bail!("{} was interrupted", self.name);
                }
            }
            watch()?;
            std::thread::sleep(POLL);
        }
        self.stop(SIGTERM)
    }

    /// Asks the group to end with `signal`, kills what is left of it after 10 s, and reaps the
    /// child.
    pub(crate) fn stop(&mut self, signal: libc::c_int) -> Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        if !self.has_ended() {
            signal_group(self.id(), signal);
            if !self.ends_within(STOP_LIMIT) {
                eprintln!(
                    "{} did not end within {} s and is killed",
                    self.name,
                    STOP_LIMIT.as_secs()
                );
            }
        }
        // Also sweeps away what a dead leader left behind; the id can't be another's before the
        // wait below.
        signal_group(self.id(), libc::SIGKILL);
        let status =
            self.child.wait().with_context(|| format!("failed to wait for {}", self.name))?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.stop(libc::SIGTERM) {
            eprintln!("error: {error:#}");
        }
    }
}

/// Runs `command` to its end with the user's terminal.
///
/// # Errors
/// When it can't be started, the user asked for a stop, or it ends with anything but 0.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<()> {
    let status = Running::start(name, command)?.wait(libc::SIGTERM)?;
    if !status.success() {
        bail!("{name} failed with {status}");
    }
    Ok(())
}

/// The exit code to hand on for a child's: a signal counts as 128 and its number, as in a shell.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}

/// Whether the child process `id` of this process has ended. It is not reaped.
pub(crate) fn has_ended(id: u32) -> bool {
    // SAFETY: `info` is a plain C struct for which all zeroes is a valid value, and it outlives the
    // call.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        let result = libc::waitid(libc::P_PID, id as libc::id_t, &raw mut info, options);
        // An error means that there is no such child (any more).
        result != 0 || info.si_pid() != 0
    }
}

fn signal_group(leader: u32, signal: libc::c_int) {
    // SAFETY: kill touches no memory. The group is that of a child which is not reaped yet.
    unsafe {
        libc::kill(-(leader as libc::pid_t), signal);
    }
}

/// Has the kernel end the child when this process dies in a way that leaves no time to stop it.
fn tie_to_this_process(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id();
        // SAFETY: between fork and exec only prctl and getppid are called, both async-signal-safe.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) != 0 {
                    return Err(io::Error::last_os_error());
                }
                // The parent may have died before the call above; then no signal would come.
                if libc::getppid() as u32 != parent {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
                Ok(())
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gets_every_ctrl_c_once_and_must_end_at_the_third_or_at_sigterm() {
        for (passed, interrupts, expected) in [
            (0, 0, Next::Wait),
            (0, 1, Next::PassOn),
            (1, 1, Next::Wait),
            (1, 2, Next::PassOn),
            (0, 2, Next::PassOn),
            (2, 2, Next::Wait),
            (2, 3, Next::EndByInterrupt),
            (2, 4, Next::EndByInterrupt),
            (1, 4, Next::PassOn),
        ] {
            assert_eq!(Next::of(passed, interrupts, false), expected, "{passed} of {interrupts}");
            assert_eq!(
                Next::of(passed, interrupts, true),
                Next::Terminate,
                "{passed} of {interrupts}"
            );
        }
    }

    #[test]
    fn stopping_a_child_stops_its_whole_group() {
        // The shell's own child would outlive it; it holds the pipe open, so the end of the pipe
        // proves its end.
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo ready; wait"]).stdout(std::process::Stdio::piped());
        let mut child = Running::start("the shell", &mut command).unwrap();
        let mut output = io::BufReader::new(child.take_stdout().unwrap());
        let mut line = String::new();
        io::BufRead::read_line(&mut output, &mut line).unwrap();
        assert_eq!(line, "ready\n");
        let started = Instant::now();
        drop(child);
        io::Read::read_to_string(&mut output, &mut line).unwrap();
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn an_ended_child_is_seen_and_keeps_its_exit_status() {
        let child = Running::start("the shell", Command::new("sh").args(["-c", "exit 7"])).unwrap();
        assert!(child.ends_within(Duration::from_secs(10)));
        assert_eq!(exit_code(child.wait(libc::SIGTERM).unwrap()), 7);
    }

    #[test]
    fn a_child_ended_by_a_signal_gives_the_exit_code_of_a_shell() {
        let child =
            Running::start("the shell", Command::new("sh").args(["-c", "kill -9 $$"])).unwrap();
        assert_eq!(exit_code(child.wait(libc::SIGTERM).unwrap()), 137);
    }

    #[test]
    fn a_failed_run_names_the_program() {
        let error = run("the shell", Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("the shell failed"), "{error:#}");
    }
}
