//! Starts a process from a thread that ends at once, prints its id, and waits to be killed.

use std::process::Command;

use supervise::Process;

fn main() {
    let mut command = Command::new("sleep");
    command.arg("60");
    let start = std::thread::spawn(move || Process::start("sleep", command));
    if let Ok(Ok(process)) = start.join() {
        println!("{}", process.id());
        std::thread::park();
    }
}
