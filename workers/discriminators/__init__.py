"""Critics: networks that tell real images from generated ones."""
