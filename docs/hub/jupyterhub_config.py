"""A hub for courses that are graded with bpkit; docs/department.md explains it.

Accounts, passwords and groups are the machine's own. Of each course there are

- the group ``nbgrader-<course>``: its students,
- the group ``formgrade-<course>``: its instructors, who may all open the server of
- the account ``grader-<course>``: the course directory is in its home. Nobody logs in as it.
"""

import os
import sys
from grp import getgrnam
from pwd import getpwnam

c = get_config()  # noqa: F821 (JupyterHub defines it)

COURSES = ("backpropagation",)
GROUPS = [f"{role}-{course}" for course in COURSES for role in ("nbgrader", "formgrade")]


def with_groups(authenticator, handler, authentication):
    """Who logs in has the hub's groups as the machine has them now."""
    name = authentication["name"]
    ids = os.getgrouplist(name, getpwnam(name).pw_gid)
    groups = [group for group in GROUPS if getgrnam(group).gr_gid in ids]
    return authentication | {"groups": groups}


def close_home(spawner):
    """Nobody looks into somebody else's home."""
    os.chmod(getpwnam(spawner.user.name).pw_dir, 0o700)


def first_page(handler):
    """Instructors come to the course, everybody else to a server of their own."""
    user = handler.current_user
    groups = {group.name for group in user.groups} if user else set()
    courses = (course for course in COURSES if f"formgrade-{course}" in groups)
    return next((f"/hub/spawn/grader-{course}" for course in courses), "")


c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = set(GROUPS)
c.Authenticator.manage_groups = True
c.Authenticator.post_auth_hook = with_groups

c.JupyterHub.load_roles = [
    {
        "name": f"formgrade-{course}",
        "groups": [f"formgrade-{course}"],
        "users": [f"grader-{course}"],
        "scopes": [
            f"read:users!user=grader-{course}",
            f"servers!user=grader-{course}",
            f"access:servers!user=grader-{course}",
        ],
    }
    for course in COURSES
]

# To this machine only: a web server with a certificate stands between it and the network.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# Everybody's server runs under their own account, with the programs that are installed with this.
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.cmd = [f"{sys.prefix}/bin/jupyterhub-singleuser"]
c.Spawner.environment = {"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # a lecture begins for all at once
c.Spawner.pre_spawn_hook = close_home
c.Spawner.default_url = "/lab"
c.JupyterHub.default_url = first_page

# nbgrader asks with the server's own token which courses one is in.
c.Spawner.server_token_scopes = [
    "users:activity!user",
    "access:servers!server",
    "read:users:name!user",
    "read:users:groups!user",
]
