"""Kill every command of a lake at random, with readers at work, and check that nothing is lost or mixed.

corpus     a folder of documents that changes at random, and what a lake must hold of it
content    what a release holds, document by document, as digests
fork_server  one process that has imported everything and forks a fresh one for each command
commands   what such a process runs
reader     a process that searches and reads all the time
watch      the readers' answers against what is known
object_store  an S3 server on this machine
drills     each command made ready, and what must hold afterwards
oracle     what is known of every release
figures    what a campaign has to tell
campaign   the loop: prepare, kill, look, repeat undisturbed, look again
"""
