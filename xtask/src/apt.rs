//! Debian's package manager, without a question asked. What a package does after its installation,
//! such as starting a service, is left as it is.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, programs};

/// Installs `packages`; where that fails, once more after an update of the package lists.
///
/// # Errors
/// Says which command the user has to run where this one can't.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install -y {}", packages.join(" "));
    if programs::find("apt-get").is_none() {
        bail!("there is no apt-get here to install {}", packages.join(", "));
    }
    let as_root = is_root();
    if !as_root && programs::find("sudo").is_none() {
        bail!("installing packages needs root and there is no sudo; as root, run `{by_hand}`");
    }
    println!("setup: {by_hand}");
    let mut arguments = vec!["install", "-y"];
    arguments.extend(packages);
    if apt_get(as_root, &arguments).is_ok() {
        return Ok(());
    }
    if process::stop_asked() {
        bail!("the installation was interrupted");
    }
    // The lists of a fresh machine or container are empty or old.
    println!("setup: apt-get update");
    let updated = apt_get(as_root, &["update"]);
    if let Err(error) = apt_get(as_root, &arguments) {
        if let Err(update_error) = updated {
            eprintln!("setup: apt-get update failed: {update_error:#}");
        }
        let advice = if as_root { "see its output above" } else { "run it as root" };
        bail!("`{by_hand}` failed ({error}); {advice}");
    }
    Ok(())
}

/// Unpacks the files of `package` into `folder`, without installing it: nothing it brings is
/// started.
///
/// # Errors
/// When it cannot be downloaded, also after an update of the package lists, or not be unpacked.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to create {}", folder.display()))?;
    let download = || {
        let mut apt_get = Command::new("apt-get");
        process::run("apt-get download", apt_get.args(["download", package]).current_dir(folder))
    };
    println!("setup: apt-get download {package}");
    if download().is_err() {
        println!("setup: apt-get update");
        // Where that fails as well, the download says why.
        let _ = apt_get(is_root(), &["update"]);
        download()?;
    }
    let files = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?;
    let mut packages = files.filter_map(|file| Some(file.ok()?.path()));
    let Some(file) =
        packages.find(|file| file.extension().is_some_and(|extension| extension == "deb"))
    else {
        bail!("apt-get download {package} left no file in {}", folder.display());
    };
    let unpacked =
        process::run("dpkg-deb", Command::new("dpkg-deb").arg("--extract").arg(&file).arg(folder));
    std::fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))?;
    unpacked
}

/// Package names known to apt that match the extended regular expression `pattern`, one in each
/// line.
pub(crate) fn search_names(pattern: &str) -> Option<String> {
    programs::answer(Command::new("apt-cache").args(["search", "--names-only", pattern]))
}

/// Not tied to the life of `xtask` like other children, and not stopped by it: a package manager
/// killed half-way leaves a broken machine, and it ends by itself.
fn apt_get(as_root: bool, arguments: &[&str]) -> Result<()> {
    let mut command = if as_root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null());
    let status = command.status()?;
    if !status.success() {
        bail!("{status}");
    }
    Ok(())
}

fn is_root() -> bool {
    // SAFETY: geteuid has no arguments and can't fail.
    unsafe { libc::geteuid() == 0 }
}
