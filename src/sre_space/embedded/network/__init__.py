"""The network between the services of the embedded space: links that pass bytes on, at once or late."""
