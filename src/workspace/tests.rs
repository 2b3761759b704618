use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use callboard_actors::message::SessionKey;
use tempfile::TempDir;

use super::documents::DOCUMENT_CHARS_MAX;
use super::skills::{Skill, SkillSource, Surroundings};
use super::*;

/// A workspace with a neighbour that nobody in it may see.
struct Ground {
    home: TempDir,
}

impl Ground {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("work/deep")).unwrap();
        fs::create_dir_all(home.path().join("beside")).unwrap();
        fs::write(home.path().join("beside/secret.txt"), "secret").unwrap();
        fs::write(home.path().join("work/note.txt"), "a note\n").unwrap();
        Self { home }
    }

    fn root(&self) -> PathBuf {
        self.home.path().join("work")
    }

    fn beside(&self) -> PathBuf {
        self.home.path().join("beside")
    }

    fn folder(&self) -> Folder {
        Folder::open(&self.root()).unwrap()
    }

    fn read(&self, path: &str) -> Result<Text, FolderError> {
        let place = Place::read(path, &self.root())?;
        self.folder().read(&place, FILE_BYTES_MAX)
    }

    fn write(&self, path: &str, text: &str) -> Result<(), FolderError> {
        let place = Place::read(path, &self.root())?;
        self.folder().write(&place, text)
    }
}

fn put(root: &Path, name: &str, text: &str) {
    let file = root.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn no_path_leads_out() {
    let ground = Ground::new();
    let outside = ground.beside().join("secret.txt");
    let ways = [
        "../beside/secret.txt",
        "deep/../../beside/secret.txt",
        "..",
        "./../work/note.txt",
        "/etc/passwd",
        "/",
        outside.to_str().unwrap(),
        "deep/../..",
        "a\0b",
        &"x/".repeat(3_000),
    ];
    for way in ways {
        assert!(matches!(ground.read(way), Err(FolderError::Outside { .. })), "reads {way:?}");
        assert!(matches!(ground.write(way, "x"), Err(FolderError::Outside { .. })), "writes {way:?}");
    }
    let inside = [("note.txt", true), ("./deep/../note.txt", true), (ground.root().join("note.txt").to_str().unwrap(), true)]
        .map(|(way, there)| (way.to_owned(), there));
    for (way, there) in inside {
        assert_eq!(matches!(ground.read(&way), Ok(Text::Plain(text)) if text == "a note\n"), there, "{way}");
    }
    assert_eq!(fs::read_to_string(outside).unwrap(), "secret");
}

#[test]
fn no_link_leads_out() {
    let ground = Ground::new();
    let (root, beside) = (ground.root(), ground.beside());
    symlink(&beside, root.join("absolute")).unwrap();
    symlink("../beside", root.join("relative")).unwrap();
    symlink("deep/../../beside", root.join("winding")).unwrap();
    symlink("relative", root.join("twice")).unwrap();
    symlink(beside.join("secret.txt"), root.join("file")).unwrap();
    symlink("/proc/self/root", root.join("proc")).unwrap();
    for way in ["absolute/secret.txt", "relative/secret.txt", "winding/secret.txt", "twice/secret.txt", "file"] {
        let error = ground.read(way).unwrap_err();
        assert!(matches!(error, FolderError::Outside { .. }), "{way}: {error}");
    }
    assert!(ground.read("proc/etc/passwd").is_err());
    for way in ["absolute/new.txt", "relative/new.txt", "twice/new.txt", "absolute/made/new.txt"] {
        assert!(ground.write(way, "x").is_err(), "{way}");
    }
    for way in ["absolute", "relative", "twice"] {
        let place = Place::read(way, &root).unwrap();
        assert!(ground.folder().list(&place, 10).is_err(), "{way}");
    }
    // A link in a file's place is replaced: what it led to is as it was.
    ground.write("file", "mine").unwrap();
    assert_eq!(fs::read_to_string(beside.join("secret.txt")).unwrap(), "secret");
    assert_eq!(fs::read_to_string(root.join("file")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 1);
    // A link within the folder is a path like any other.
    symlink("deep", root.join("inner")).unwrap();
    ground.write("inner/x.txt", "x").unwrap();
    assert_eq!(fs::read_to_string(root.join("deep/x.txt")).unwrap(), "x");
}

#[test]
fn a_file_is_the_old_one_or_the_new_one() {
    let ground = Ground::new();
    ground.write("a/b/c.txt", "one").unwrap();
    let file = ground.root().join("a/b/c.txt");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    ground.write("a/b/c.txt", "two").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(matches!(ground.write("a/b", "x"), Err(FolderError::Kind { .. })));
    assert!(matches!(ground.write(".", "x"), Err(FolderError::Kind { .. })));
    let names: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["c.txt"], "no draft is left");
    let large = "x".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
    assert!(matches!(ground.write("large", &large), Err(FolderError::Large { .. })));
}

#[test]
fn what_is_no_text_is_told() {
    let ground = Ground::new();
    let root = ground.root();
    fs::write(root.join("zero"), [b'a', 0, b'b']).unwrap();
    fs::write(root.join("latin"), [b'a', 0xe4]).unwrap();
    fs::write(root.join("long"), "x".repeat(11)).unwrap();
    nix::unistd::mkfifo(&root.join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    assert!(matches!(ground.read("zero"), Ok(Text::Binary(3))));
    assert!(matches!(ground.read("latin"), Ok(Text::Binary(2))));
    assert!(matches!(ground.read("deep"), Err(FolderError::Kind { is: "a folder", .. })));
    // Nobody writes to it: it is not waited for.
    assert!(matches!(ground.read("pipe"), Err(FolderError::Kind { .. })));
    assert!(matches!(ground.read("nobody"), Err(FolderError::Missing { .. })));
    let long = Place::read("long", &root).unwrap();
    assert!(matches!(ground.folder().read(&long, 10), Err(FolderError::Large { bytes: 11, max: 10, .. })));
}

#[test]
fn a_folder_is_listed_in_order_and_within_its_bound() {
    let ground = Ground::new();
    symlink("note.txt", ground.root().join("a-link")).unwrap();
    let top = Place::read(".", &ground.root()).unwrap();
    let (items, total) = ground.folder().list(&top, 10).unwrap();
    let seen: Vec<_> = items.iter().map(|item| (item.name.as_str(), item.kind, item.bytes)).collect();
    assert_eq!(seen, [("a-link", ItemKind::Link, 0), ("deep", ItemKind::Folder, 0), ("note.txt", ItemKind::File, 7)]);
    assert_eq!((ground.folder().list(&top, 2).unwrap().0.len(), total), (2, 3));
    let note = Place::read("note.txt", &ground.root()).unwrap();
    assert!(matches!(ground.folder().list(&note, 2), Err(FolderError::Kind { is: "a file", .. })));
}

fn told(ground: &Ground, key: &str) -> Option<String> {
    let workspaces =
        Workspaces { common: ground.root(), managed_skills: ground.home.path().join("managed"), ..Workspaces::default() };
    briefing::text(&workspaces, &Surroundings::default(), &SessionKey::new(key))
}

#[test]
fn documents_are_told_in_their_order_and_read_anew() {
    let ground = Ground::new();
    assert_eq!(told(&ground, "agent:main:main"), None);
    for (name, text) in [("USER.md", "Ann."), ("AGENTS.md", "Be kind."), ("SOUL.md", " \n"), ("OTHER.md", "not told")] {
        put(&ground.root(), name, text);
    }
    let first = told(&ground, "agent:main:main").unwrap();
    let at = |text: &str| first.find(text).unwrap_or_else(|| panic!("{text} in {first}"));
    assert!(at("# Workspace") < at("## AGENTS.md\n\nBe kind.") && at("Be kind.") < at("## USER.md\n\nAnn."));
    assert!(!first.contains("SOUL") && !first.contains("not told"), "{first}");
    let sub = told(&ground, "agent:main:subagent:1").unwrap();
    assert!(sub.contains("Be kind.") && !sub.contains("Ann."), "{sub}");
    put(&ground.root(), "AGENTS.md", &"ä".repeat(DOCUMENT_CHARS_MAX + 5));
    let long = told(&ground, "agent:main:main").unwrap();
    assert_eq!(long.matches('ä').count(), DOCUMENT_CHARS_MAX);
    assert!(long.contains("read `AGENTS.md` for the rest") && long.contains("Ann."));
    // A document that is a link out of the folder is none.
    fs::remove_file(ground.root().join("USER.md")).unwrap();
    symlink(ground.beside().join("secret.txt"), ground.root().join("USER.md")).unwrap();
    assert!(!told(&ground, "agent:main:main").unwrap().contains("secret"));
}

const HEAD: &str = "---\nname: weather\ndescription: >\n  Tells the\n  weather.\n";

#[test]
fn skills_are_told_with_their_files() {
    let ground = Ground::new();
    let managed = ground.home.path().join("managed");
    put(&ground.root(), "skills/weather/SKILL.md", &format!("{HEAD}---\n# How\n"));
    put(&managed, "weather/SKILL.md", "---\nname: weather\ndescription: the one for all\n---\n");
    put(&managed, "notes/SKILL.md", "---\r\ndescription: Keeps notes.\r\n---\r\ntext");
    put(&managed, "broken/SKILL.md", "no head");
    put(&managed, "silent/SKILL.md", "---\nname: silent\n---\n");
    put(&managed, "endless/SKILL.md", "---\nname: endless\n");
    put(&managed, "empty/README.md", "no skill");
    put(&managed, "needy/SKILL.md", NEEDY);
    let skills = skills::read(&ground.root(), &managed, &Surroundings::default());
    let seen: Vec<_> = skills.iter().map(|skill| (skill.name.as_str(), skill.description.as_str(), skill.source)).collect();
    let wanted = [
        ("needy", "Needs much.", SkillSource::Managed),
        ("notes", "Keeps notes.", SkillSource::Managed),
        ("weather", "Tells the weather.", SkillSource::Workspace),
    ];
    assert_eq!(seen, wanted);
    let told = told(&ground, "agent:main:main").unwrap();
    let file = ground.root().join("skills/weather/SKILL.md");
    assert!(told.contains(&format!("- weather: Tells the weather.\n  {}", file.display())), "{told}");
    assert!(!told.contains("needy"), "what it needs is not there: {told}");
}

const NEEDY: &str = r#"---
name: needy
description: Needs much.
homepage: https://example.org
metadata: {"openclaw":{"emoji":"🪵","os":["linux","darwin"],"requires":{"bins":["saw"],"anyBins":["axe","adze"],"env":["TREE"]}}}
---
"#;

#[test]
fn a_skill_says_what_it_misses() {
    let ground = Ground::new();
    let managed = ground.home.path().join("managed");
    put(&managed, "needy/SKILL.md", NEEDY);
    let bins = ground.home.path().join("bin");
    let one = |surroundings: &Surroundings| -> Skill { skills::read(&ground.root(), &managed, surroundings).remove(0) };
    let bare = one(&Surroundings::default());
    assert_eq!(
        (bare.missing.bins.as_slice(), bare.missing.env.as_slice()),
        (&["saw".to_owned()][..], &["TREE".to_owned()][..])
    );
    assert_eq!(bare.missing.any_bins, ["axe", "adze"]);
    assert!(!bare.eligible() && bare.missing.os.is_empty());
    assert_eq!((bare.emoji.as_deref(), bare.homepage.as_deref()), (Some("🪵"), Some("https://example.org")));
    for name in ["saw", "adze"] {
        put(&bins, name, "");
    }
    let variables = std::sync::Arc::new(["TREE".to_owned()].into());
    let equipped = one(&Surroundings { path: vec![bins], variables });
    assert!(equipped.eligible(), "{:?}", equipped.missing);
}
