"""Questions about long PDFs of Debian 12 packages and of the unstructured library, each with its page.

They were written while reading the pages, in other words than the page's. The files are not part of this repository.
"""

from __future__ import annotations

#: Where each file is from: package and version.
ORIGINS = {
    "policy.pdf": "debian-policy 4.6.2.0",
    "fhs-3.0.pdf": "debian-policy 4.6.2.0",
    "developers-reference.pdf": "developers-reference 12.18",
    "maint-guide.en.pdf": "maint-guide 1.2.53",
    "bashref.pdf": "bash-doc 5.2.15-2",
    "R-admin.pdf": "r-doc-pdf 4.2.2.20221110-2",
    "R-data.pdf": "r-doc-pdf 4.2.2.20221110-2",
    "R-lang.pdf": "r-doc-pdf 4.2.2.20221110-2",
    "debian-faq.pdf": "debian-faq 11.1, debian-faq.en.pdf.gz",
    "bacula-problems.pdf": "bacula-doc 9.6.7-2, problems.pdf.gz",
    "failure-after-repair.pdf": "example documents of unstructured (a booklet of 76 pages on breast cancer)",
}

#: File, question, number of the page that answers it.
QUESTIONS = (
    ("policy.pdf", "Is 96May01 newer than 96Dec24 for dpkg?", 24),
    ("policy.pdf", "May a version number be used again with other contents if only the epoch changed?", 24),
    ("policy.pdf", "what does it mean when the major patch level of the policy standards version goes up?", 47),
    ("policy.pdf", "Can a package marked essential be uninstalled?", 47),
    ("policy.pdf", "Do postinst scripts have a terminal to ask questions on?", 60),
    ("fhs-3.0.pdf", "Which directory at the top level holds data for running processes?", 11),
    ("fhs-3.0.pdf", "What must a PID file contain for process number 25?", 22),
    ("fhs-3.0.pdf", "command in sbin that reboots without a disk check", 22),
    ("fhs-3.0.pdf", "Am I allowed to delete files in /var/cache by hand when the disk is full?", 38),
    ("fhs-3.0.pdf", "Where do NIS databases live?", 38),
    (
        "developers-reference.pdf",
        "how many days delay for a non-maintainer upload that only fixes release critical and important bugs",
        59,
    ),
    ("developers-reference.pdf", "Which version number does an NMU of 1.5-2 get?", 59),
    (
        "developers-reference.pdf",
        "In which order should the files of a package be transferred to the upload queue?",
        42,
    ),
    ("developers-reference.pdf", "largest number of days an upload can sit in the delayed directory", 42),
    ("developers-reference.pdf", "mailing list every developer has to subscribe to", 23),
    ("maint-guide.en.pdf", "Why does the install rule need install -d although the original Makefile did without?", 22),
    ("maint-guide.en.pdf", "who reads the watch file, and what happens to SourceForge addresses in it?", 41),
    (
        "maint-guide.en.pdf",
        "what to do if a package upgrade has to be intrusive because config files are all over the home directories",
        41,
    ),
    ("bashref.pdf", "Is $IFS for splitting words? And what is the default prompt string?", 84),
    ("bashref.pdf", "How do I stop output redirection from overwriting files?", 76),
    ("bashref.pdf", "exit status of wait -n when the shell has no children left", 121),
    (
        "bashref.pdf",
        "What happens to a command that was split into words if it is neither function nor builtin and has no slash?",
        48,
    ),
    ("R-admin.pdf", "R on Windows cannot unpack sources because of permissions: which environment variable helps?", 31),
    ("R-admin.pdf", "under which licences are liblzma, zlib and readline?", 48),
    ("R-admin.pdf", "oldest LaTeX version that works with R's documentation in UTF-8", 48),
    ("R-data.pdf", "reading a UTF-8 file that begins with a byte order mark", 14),
    ("R-data.pdf", "which control characters does allowEscapes understand?", 14),
    ("R-data.pdf", "read an Excel sheet over ODBC", 27),
    ("R-lang.pdf", "what is an anonymous function and where is it used most?", 30),
    ("R-lang.pdf", "How can a function find out that an argument was not given?", 30),
    ("debian-faq.pdf", "keep a package at its current version with aptitude", 40),
    ("debian-faq.pdf", "system-wide paper size for all programs", 55),
    ("debian-faq.pdf", "Which port would bring Debian to the GNU Hurd, which to Hitachi processors?", 22),
    ("debian-faq.pdf", "give a user access to the CD-ROM drive without changing file permissions", 55),
    ("bacula-problems.pdf", "ssh does not come back after I launched the director and typed exit", 15),
    ("bacula-problems.pdf", "SQL statement that marks all tapes as reusable", 29),
    ("bacula-problems.pdf", "tape is said to be full after 2 GB though it holds 33 GB", 15),
    ("failure-after-repair.pdf", "What changes of the nipple should I look out for?", 12),
    ("failure-after-repair.pdf", "How many minutes does one session of radiation last and do I stay in hospital?", 45),
    (
        "failure-after-repair.pdf",
        "lumpectomy compared with mastectomy: is the risk of the cancer coming back the same?",
        30,
    ),
)
