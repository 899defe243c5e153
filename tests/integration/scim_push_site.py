"""A site whose directory "cloud" is pushed to it, and whoever pushes.

    site = PushSite(tmp_path / "site", template)
    client = site.client(); other = site.client("elsewhere")
"""

from scim_replay import ScimClient
from signin_site import Server
from site_fixture import URL, Site


class PushSite(Site):
    """Team design takes its people from "cloud"; "elsewhere" is another directory of the same server, of no team, as are more."""

    def __init__(self, folder, template, directories=(), resolver=None, prepare=None, **serve):
        """prepare: called with the site before the server begins; serve: more keys of [serve]"""
        super().__init__(folder, template, resolver=resolver)
        for name in ("cloud", "elsewhere", *directories):
            self.conf[f"directory {name}"] = {"type": "scim-push"}
        self.conf["team design"]["directory"] = "cloud"
        self.conf["product autocad"]["group"] = "CAD People"
        del self.conf["directory hq"]
        self.tokens = {}
        if prepare:
            prepare(self)
        self.server = Server(self, **serve)

    def token(self, directory="cloud"):
        if directory not in self.tokens:
            made = self.json("token", "create", directory)
            assert made["url"] == f"{URL}/scim/{directory}/v2"
            self.tokens[directory] = made["token"]
        return self.tokens[directory]

    def client(self, directory="cloud", headers=None, **more):
        """more: as ScimClient"""
        base = f"{self.server.url}/scim/{directory}/v2"
        return ScimClient(base, self.token(directory), headers, shown=f"{URL}/scim/{directory}/v2", **more)

    def stop(self):
        self.server.stop()
