EXTRA_DIST += rpm/tunnelto.spec rpm/tunnelto.rpmlintrc
