"""The ways in which editors, tools and people change a config: each leaves `text` as the config.

They stand for themselves; some make more of an effort than others to have a whole file there at
every moment.
"""

import os
import shutil

from lib import CONFIG

DIR = CONFIG.parent


def in_place(text):
    """Over the old bytes, and then the rest is cut off."""
    with CONFIG.open("r+") as file:
        file.write(text)
        file.flush()
        file.truncate()


def truncate_and_write(text):
    """In two writes, as every program does whose buffer is smaller than the file."""
    with CONFIG.open("w") as file:
        half = len(text) // 2
        file.write(text[:half])
        file.flush()
        file.write(text[half:])


def rename_over(text):
    new = DIR / ".config.toml.new"
    new.write_text(text)
    os.replace(new, CONFIG)


def backup_rename(text):
    """As vim does with 'backupcopy' off."""
    backup = DIR / "config.toml~"
    os.replace(CONFIG, backup)
    CONFIG.write_text(text)
    backup.unlink()


def symlink_swap(text):
    """As Kubernetes mounts a ConfigMap: config.toml is a link through `..data`."""
    data = DIR / "..data"
    old = os.readlink(data) if data.is_symlink() else None
    new = DIR / f"..{os.urandom(4).hex()}"
    new.mkdir()
    (new / "config.toml").write_text(text)
    link(data, new.name)
    if not CONFIG.is_symlink():
        link(CONFIG, "..data/config.toml")
    if old:
        shutil.rmtree(DIR / old)


def link(path, target):
    new = path.with_name("..new-link")
    new.symlink_to(target)
    os.replace(new, path)


def delete_and_create(text):
    CONFIG.unlink()
    CONFIG.write_text(text)


def directory_swap(text):
    new, old = DIR.with_name("callmux.new"), DIR.with_name("callmux.old")
    new.mkdir()
    (new / "config.toml").write_text(text)
    os.rename(DIR, old)
    os.rename(new, DIR)
    shutil.rmtree(old)


STYLES = (
    in_place,
    truncate_and_write,
    rename_over,
    backup_rename,
    symlink_swap,
    delete_and_create,
    directory_swap,
)
