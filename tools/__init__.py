"""What makes files of this repository, and the demo. Not a part of the connector and not in its image."""
