"""`pidistill sandbox`: make the Docker image, and try what each sandbox holds."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import click

from pidistill.contracts import Sandbox
from pidistill.errors import SandboxError, UsageError, unknown_name
from pidistill_sandboxes.auto import STRONGEST_FIRST
from pidistill_sandboxes.docker import IMAGE, LABEL, DockerSandbox, connect, sdk_errors
from pidistill_sandboxes.rootfs import write_rootfs

_HERE = Path(__file__).resolve().parent
DOCKERFILES = (_HERE / "images" / "Dockerfile", _HERE.parent / "images" / "Dockerfile")
"""In an installed package, and in the source tree."""


@click.group("sandbox")
def group() -> None:
    """Build sandbox images, check sandboxes."""


@group.command("check")
@click.argument("names", nargs=-1)
def check(names: tuple[str, ...]) -> None:
    """Try to break out of each sandbox (or of those named) and print what held.

    The exit code is 1 where something did not hold or a sandbox does not open.
    """
    kinds: dict[str, type[Sandbox]] = {kind.name: kind for kind in STRONGEST_FIRST}
    for name in names:
        if name not in kinds:
            raise unknown_name("sandbox", name, kinds, "pidistill plugins")
    failed = False
    for name in names or kinds:
        click.echo(name)
        try:
            held = kinds[name]().self_check()
        except SandboxError as error:
            failed = True
            click.echo(f"  not here: {error.message}\n  {error.hint}".rstrip())
            continue
        for protection, holds in held.items():
            failed = failed or not holds
            click.echo(f"  {'holds ' if holds else 'BROKEN'}  {protection}")
    if failed:
        raise SystemExit(1)


@group.command("build")
@click.option(
    "--from-rootfs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Tar of a root file system with python3 3.11 or later, where no registry can be reached.",
)
@click.option("--from-host", is_flag=True, help="Make the image of this interpreter; needs neither registry nor tar.")
@click.option("--tag", default=IMAGE, show_default=True, help="Name of the image.")
def build(from_rootfs: Path | None, from_host: bool, tag: str) -> None:
    """Make the image of the Docker sandbox, and start it once to see that it serves.

    It is built from a Dockerfile. Where no registry can be reached, --from-host makes it of the interpreter that runs
    this, and --from-rootfs of any root file system, such as one that debootstrap has made:
    debootstrap --variant=minbase --include=python3 bookworm rootfs && tar -C rootfs -cf rootfs.tar .
    """
    client = connect()
    try:
        if from_host:
            with tempfile.TemporaryDirectory() as folder:
                import_image(client, write_rootfs(Path(folder) / "rootfs.tar"), tag)
        elif from_rootfs:
            import_image(client, from_rootfs, tag)
        else:
            build_image(client, tag)
    finally:
        client.close()
    with DockerSandbox(tag).open() as session:
        click.echo(f"{tag} is ready: Python {session.python}")


def import_image(client, tar: Path, tag: str) -> None:  # type: ignore[no-untyped-def]
    """Make an image of one layer. Raises `SandboxError` where Docker does not take the file."""
    errors = sdk_errors()
    repository, _, version = tag.partition(":")
    try:
        client.api.import_image_from_file(str(tar), repository=repository, tag=version or "latest",
                                          changes=["WORKDIR /tmp", f"LABEL {LABEL}=image"])  # fmt: skip
        client.images.get(tag)
    except errors.DockerException as error:
        hint = "It takes a plain tar of a root directory."
        raise SandboxError(f"Docker cannot import {tar}: {error}", hint) from error


def build_image(client, tag: str) -> None:  # type: ignore[no-untyped-def]
    """Build from the Dockerfile. Raises `SandboxError` where that fails, mostly for want of a registry."""
    errors = sdk_errors()
    path = next((path for path in DOCKERFILES if path.is_file()), None)
    if path is None:
        raise UsageError("The Dockerfile is not part of this installation.", "Use: --from-rootfs TAR")
    try:
        client.images.build(fileobj=io.BytesIO(path.read_bytes()), tag=tag, rm=True, labels={LABEL: "image"})
    except errors.DockerException as error:
        raise SandboxError(
            f"Docker cannot build {path}: {error}",
            "Where no registry can be reached: pidistill sandbox build --from-host",
        ) from error
