"""nbgrader for everybody on this machine: /etc/jupyter/nbgrader_config.py."""

c = get_config()  # noqa: F821 (nbgrader defines it)

c.Exchange.root = "/srv/nbgrader/exchange"
c.Exchange.path_includes_course = True  # fetched into ~/backpropagation/ps3
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
