//! Checks who can read a file that contains a secret. The mode bits are not enough: services get their
//! secrets from a service manager, which makes root the owner and gives access to one user or group (systemd
//! by an access control list, Kubernetes by a group), or makes the file world-readable on a mount that others
//! cannot see (Docker, Kubernetes). The service can change neither the file nor its mode.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, StatVfsMountFlags, StatxAttributes, StatxFlags};

use crate::advice::Run;
use crate::error::{Error, Kind, Result};

/// The in-memory file systems: TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];

/// The extended attribute with a file's access control list, in the format of the kernel's posix_acl_xattr.h.
const ACL: &str = "system.posix_acl_access";
const ACL_VERSION: u32 = 2;
/// The tags of the list's entries (linux/posix_acl.h).
const ACL_USER: u16 = 0x02;
const ACL_GROUP_OF_FILE: u16 = 0x04;
const ACL_GROUP: u16 = 0x08;
const ACL_MASK: u16 = 0x10;
/// The longest list that is read, in bytes, with 8 bytes for each entry.
const ACL_LIMIT: usize = 8 * 1024;

/// Refuses a regular file that contains a secret (`what`) if others than its owner, this user and root may
/// read or change it. Pipes and devices have no permissions to check.
///
/// # Errors
/// [`Kind::Config`] for such a file, [`Kind::Io`] if its permissions cannot be read.
pub(crate) fn refuse_if_others_may_read(file: &File, path: &Path, what: &str) -> Result<()> {
    let name = path.display();
    let unreadable = |error| Error::io(format!("could not read {name}"), error);
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() || metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let (reader, location) = (Reader::current().map_err(unreadable)?, Location::read(file));
    let access = Access::new(&metadata, access_control_list(file).as_deref());
    let is_credential = is_credential(path, std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from));
    if is_private(&access, &reader, location, is_credential) {
        return Ok(());
    }
    let mode = metadata.mode() & 0o7777;
    let text = format!("{name} contains a {what} and others may read it (mode {mode:04o})");
    Err(Error::new(Kind::Config, text).advise(advice(&access, &reader, location, path, what)))
}

/// Whether an optional file could not be opened because it does not exist, or because the home folder is not
/// a folder (`/dev/null`) or belongs to another user.
pub(crate) fn is_absent(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        // A folder above it cannot be searched, so whether the file exists is unknown.
        io::ErrorKind::PermissionDenied => path.symlink_metadata().is_err(),
        _ => false,
    }
}

/// Who may read or change a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Access {
    owner: u32,
    /// Everybody.
    everybody: bool,
    /// The members of these groups.
    groups: Vec<u32>,
    /// These users, in addition to the owner.
    users: Vec<u32>,
}

/// The user who reads the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reader {
    user: u32,
    groups: Vec<u32>,
}

/// Facts about the file's location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Location {
    /// The file system is mounted read-only, so that modes cannot be changed either.
    read_only: bool,
    /// The location may have been mounted for this service: it is in memory, or the file itself is a mount
    /// point.
    own_mount: bool,
}

impl Reader {
    fn current() -> io::Result<Reader> {
        let mut groups: Vec<u32> = rustix::process::getgroups()?.iter().map(|group| group.as_raw()).collect();
        groups.push(rustix::process::getegid().as_raw());
        Ok(Reader { user: rustix::process::geteuid().as_raw(), groups })
    }
}

impl Location {
    fn read(file: &File) -> Location {
        let read_only =
            rustix::fs::fstatvfs(file).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY));
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "magic numbers have 32 bits"
        )]
        let in_memory =
            rustix::fs::fstatfs(file).is_ok_and(|found| IN_MEMORY.contains(&(found.f_type as u32)));
        let is_mount_point = || {
            rustix::fs::statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)
                .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
        };
        Location { read_only, own_mount: in_memory || is_mount_point() }
    }
}

impl Access {
    /// Evaluates the mode, and the access control list if there is one. With a list, the group bits of the
    /// mode are the list's mask (acl(5)).
    fn new(metadata: &Metadata, list: Option<&[u8]>) -> Access {
        let mode = metadata.mode();
        let mut access = Access {
            owner: metadata.uid(),
            everybody: mode & 0o007 != 0,
            groups: Vec::new(),
            users: Vec::new(),
        };
        if mode & 0o070 == 0 {
            return access;
        }
        let Some(entries) = list.and_then(entries) else {
            access.groups.push(metadata.gid());
            return access;
        };
        let mask = entries.iter().find(|entry| entry.tag == ACL_MASK).map_or(0o7, |entry| entry.permissions);
        for entry in entries.iter().filter(|entry| entry.permissions & mask != 0) {
            match entry.tag {
                ACL_USER => access.users.push(entry.id),
                ACL_GROUP_OF_FILE => access.groups.push(metadata.gid()),
                ACL_GROUP => access.groups.push(entry.id),
                _ => {}
            }
        }
        access
    }
}

/// One entry of an access control list.
struct Entry {
    tag: u16,
    permissions: u16,
    id: u32,
}

/// Parses an access control list; `None` if it is not one.
fn entries(list: &[u8]) -> Option<Vec<Entry>> {
    let (version, list) = list.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != ACL_VERSION || list.len() % 8 != 0 {
        return None;
    }
    let entry = |bytes: &[u8]| {
        let &[t0, t1, p0, p1, i0, i1, i2, i3] = bytes.first_chunk::<8>()?;
        Some(Entry {
            tag: u16::from_le_bytes([t0, t1]),
            permissions: u16::from_le_bytes([p0, p1]),
            id: u32::from_le_bytes([i0, i1, i2, i3]),
        })
    };
    list.chunks(8).map(entry).collect()
}

fn access_control_list(file: &File) -> Option<Vec<u8>> {
    let mut list = vec![0; ACL_LIMIT];
    let length = rustix::fs::fgetxattr(file, ACL, &mut list[..]).ok()?;
    list.truncate(length);
    Some(list)
}

/// Whether only root, this user and, for a file of root, this user's groups have access, as far as can be
/// determined.
fn is_private(access: &Access, reader: &Reader, location: Location, is_credential: bool) -> bool {
    let is_own = access.owner == reader.user;
    // Provided for this service on a mount or in a folder that others cannot see, and not writable from here.
    if location.read_only && (location.own_mount || is_credential) || is_credential && !is_own {
        return true;
    }
    // For the user's own file no group is needed: `chmod 600` is always possible.
    let known = |user: &u32| [access.owner, reader.user, 0].contains(user);
    let may_group = |group: &u32| !is_own && access.owner == 0 && reader.groups.contains(group);
    !access.everybody && access.users.iter().all(known) && access.groups.iter().all(may_group)
}

/// Whether the file is in the credentials folder of a service (systemd.exec(5)).
fn is_credential(path: &Path, folder: Option<PathBuf>) -> bool {
    let inside = |folder: PathBuf| {
        let (folder, path) = (fs::canonicalize(folder).ok()?, fs::canonicalize(path).ok()?);
        Some(path.starts_with(folder))
    };
    folder.filter(|folder| folder.is_absolute()).and_then(inside).unwrap_or(false)
}

/// What this user can do about it.
fn advice(access: &Access, reader: &Reader, location: Location, path: &Path, what: &str) -> Run {
    let (path, is_password) = (path.to_owned(), what == "password");
    match location.read_only {
        true => Run::ProvidePrivately { password_file: is_password.then_some(path) },
        false if reader.user == access.owner || reader.user == 0 => Run::CloseFile(path),
        false => Run::AskOwner { path, owner: access.owner, is_password },
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ME: u32 = 1000;

    fn me() -> Reader {
        Reader { user: ME, groups: vec![ME, 2000] }
    }

    fn access(owner: u32, groups: &[u32], users: &[u32]) -> Access {
        Access { owner, everybody: false, groups: groups.to_vec(), users: users.to_vec() }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (mode, is_fine) in [(0o600, true), (0o400, true), (0o640, false), (0o602, false)] {
            fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("set");
            let outcome = refuse_if_others_may_read(file.as_file(), file.path(), "refresh token");
            assert_eq!(outcome.is_ok(), is_fine, "{mode:o}");
            let Err(error) = outcome else { continue };
            assert!(error.to_string().contains("contains a refresh token and others may read it"), "{error}");
            assert_eq!(error.advice(), Some(&Run::CloseFile(file.path().to_owned()).into()));
        }
        let pipe = File::open("/dev/null").expect("a device");
        assert!(refuse_if_others_may_read(&pipe, Path::new("/dev/null"), "password").is_ok());
    }

    #[test]
    fn a_file_of_root_for_this_user_or_its_group_is_private() {
        let is_private = |access: &Access| is_private(access, &me(), Location::default(), false);
        assert!(is_private(&access(0, &[], &[ME])), "systemd: by an access control list");
        assert!(is_private(&access(0, &[2000], &[])), "Kubernetes: by the group of the pod");
        assert!(!is_private(&access(0, &[3000], &[])), "a group of others");
        assert!(!is_private(&access(0, &[2000], &[1001])), "another user, too");
        assert!(!is_private(&access(1001, &[2000], &[])), "not root's: whose it is may give it to anybody");
        assert!(!is_private(&access(ME, &[ME], &[])), "one's own file has no need of a group");
        assert!(is_private(&access(ME, &[], &[0])), "root reads everything");
        assert!(!is_private(&Access { everybody: true, ..access(0, &[], &[]) }));
    }

    #[test]
    fn a_world_readable_file_is_private_only_if_a_service_manager_provided_it() {
        let open = |owner| Access { everybody: true, ..access(owner, &[0], &[]) };
        let location = |read_only, own_mount| Location { read_only, own_mount };
        assert!(
            is_private(&open(0), &me(), location(true, true), false),
            "Docker: mode 0444, a mount of its own"
        );
        assert!(
            !is_private(&open(0), &me(), location(true, false), false),
            "a read-only disk that all share"
        );
        assert!(!is_private(&open(ME), &me(), location(false, true), false), "/dev/shm");
        assert!(is_private(&open(0), &me(), location(false, false), true), "in $CREDENTIALS_DIRECTORY");
        assert!(
            !is_private(&open(ME), &me(), location(false, false), true),
            "a folder that is merely called so"
        );
    }

    #[test]
    fn each_advice_suits_the_user_who_gets_it() {
        let path = PathBuf::from("/run/x");
        let advice = |owner, read_only, user, what| {
            let (reader, location) =
                (Reader { user, groups: vec![] }, Location { read_only, own_mount: false });
            super::advice(&access(owner, &[], &[]), &reader, location, &path, what)
        };
        let close = Run::CloseFile(path.clone());
        assert_eq!(advice(ME, false, ME, "password"), close);
        assert_eq!(advice(ME, false, 0, "password"), close);
        for (what, is_password) in [("password", true), ("private key", false)] {
            let ask = Run::AskOwner { path: path.clone(), owner: 1001, is_password };
            assert_eq!(advice(1001, false, ME, what), ask);
            let provide = Run::ProvidePrivately { password_file: is_password.then(|| path.clone()) };
            assert_eq!(advice(ME, true, ME, what), provide);
        }
    }

    #[test]
    fn an_access_control_list_overrides_the_group_bits() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::set_permissions(file.path(), Permissions::from_mode(0o440)).expect("set");
        let metadata = file.as_file().metadata().expect("there");
        let list = |entries: &[(u16, u16, u32)]| {
            let mut list = ACL_VERSION.to_le_bytes().to_vec();
            for (tag, permissions, id) in entries {
                list.extend(tag.to_le_bytes());
                list.extend(permissions.to_le_bytes());
                list.extend(id.to_le_bytes());
            }
            list
        };
        let none = u32::MAX;
        let of = |entries: &[(u16, u16, u32)]| {
            let access = Access::new(&metadata, Some(&list(entries)));
            (access.users, access.groups)
        };
        let systemd = [(0x01, 4, none), (ACL_USER, 4, ME), (ACL_GROUP_OF_FILE, 0, none), (ACL_MASK, 4, none)];
        assert_eq!(of(&systemd), (vec![ME], vec![]));
        let masked = [(ACL_USER, 4, ME), (ACL_GROUP, 4, 7), (ACL_MASK, 0, none)];
        assert_eq!(of(&masked), (vec![], vec![]));
        let group = [(ACL_GROUP, 4, 7), (ACL_GROUP_OF_FILE, 4, none)];
        assert_eq!(of(&group), (vec![], vec![7, metadata.gid()]));
        // Anything that is not a list is ignored, and the mode bits decide.
        for list in [&b""[..], b"\x02\0\0\0\x01", b"\x03\0\0\0"] {
            assert_eq!(Access::new(&metadata, Some(list)).groups, [metadata.gid()]);
        }
    }

    #[test]
    fn a_credential_is_inside_the_credentials_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (inside, outside) = (folder.path().join("c"), folder.path().join("secret"));
        fs::create_dir(&inside).expect("made");
        fs::write(inside.join("secret"), "").expect("written");
        fs::write(&outside, "").expect("written");
        assert!(is_credential(&inside.join("secret"), Some(inside.clone())));
        assert!(!is_credential(&inside.join("../secret"), Some(inside.clone())));
        assert!(!is_credential(&outside, Some(inside)));
        assert!(!is_credential(&outside, Some(PathBuf::from("."))));
        assert!(!is_credential(&outside, None));
    }

    #[test]
    fn an_optional_file_below_a_non_folder_is_absent() {
        for path in ["/dev/null/.netrc", "/nonexistent/x", "/proc/self/nothing"] {
            let error = File::open(path).expect_err("not there");
            assert!(is_absent(Path::new(path), &error), "{path}");
        }
        assert!(!is_absent(Path::new("/dev/null"), &io::ErrorKind::PermissionDenied.into()), "it is there");
    }
}
